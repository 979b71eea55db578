import { spawnSync } from "node:child_process";

/** Whether a Docker engine answers here: what needs one is skipped where none does, and the other way round. */
export const hasDocker = spawnSync("docker", ["info"]).status === 0;
