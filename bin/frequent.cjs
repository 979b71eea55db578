"use strict";
/**
 * The commands that are typed many times a day. They have a bundle of their own, without what the others need: less than
 * half as much to read. No command among them runs another that is not.
 */
exports.FREQUENT = ["env", "migrate", "new", "plan", "resolve", "rollback", "status", "stop", "sum", "up"];
