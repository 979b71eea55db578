// How soon a committed change is on a terminal (tm-db listen) and on the sockets of those who may see it (tm-db
// realtime), how many messages a second go out, and what that costs in memory.
//
//   node bench/realtime.mjs [--pg 15|16|17|18] [--sockets 1000] [--users 50] [--changes 1000] [--burst 10000] [--rounds 5]
//
// A project has ten members, and each socket is one of a member; those of one user share a token. Times are from the
// answer to the insert, which is its commit, to the message in this process.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import WebSocket from "ws";
import { median, ms, printHead, printTable } from "./support/measure.mjs";
import { cleanEnvironment, ROOT, withDatabase } from "./support/project.mjs";

const { values: flags } = parseArgs({
  options: {
    pg: { type: "string", default: "18" },
    sockets: { type: "string", default: "1000" },
    users: { type: "string", default: "50" },
    changes: { type: "string", default: "1000" },
    burst: { type: "string", default: "10000" },
    rounds: { type: "string", default: "5" },
  },
});
const [SOCKETS, USERS, CHANGES, BURST, ROUNDS] = ["sockets", "users", "changes", "burst", "rounds"].map((name) =>
  Number(flags[name]),
);
const MEMBERS = 10;

/** A command of this checkout, working on a temporary project until it is ended. */
function start(dir, args) {
  const child = spawn(process.execPath, [`${ROOT}/bin/tm-db.js`, ...args], { cwd: dir, env: cleanEnvironment(dir) });
  child.stderr.setEncoding("utf8");
  const ready = (pattern) =>
    new Promise((resolve, reject) => {
      let said = "";
      child.stderr.on("data", (text) => {
        said += text;
        const found = pattern.exec(said);
        if (found !== null) resolve(found);
      });
      child.once("exit", () => reject(new Error(said)));
    });
  const end = async () => {
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await exited;
  };
  return { child, ready, end };
}

/** Resident memory of a process, in MB. */
function residentMb(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Users in projects of ten: user `n` is in the project `n mod (USERS / 10)`. */
async function makeProjects(owner) {
  const { rows: users } = await owner.query(
    `with made as (
       insert into api.users (email, name)
       select 'bench' || n || '@example.com', 'Bench ' || n from generate_series(1, $1::int) as n
       returning id
     ), credentials as (
       insert into auth.credentials (user_id, password_hash) select id, '*' from made
     )
     select id from made order by id`,
    [USERS],
  );
  const projects = [];
  for (let first = 0; first < USERS; first += MEMBERS) {
    const members = users.slice(first, first + MEMBERS).map(({ id }) => id);
    const { rows } = await owner.query("insert into api.projects (name, owner_id) values ('Bench', $1) returning id", [
      members[0],
    ]);
    const project = rows[0].id;
    await owner.query(
      "insert into api.project_members (project_id, user_id, role) select $1, unnest($2::bigint[]), 'viewer' on conflict do nothing",
      [project, members],
    );
    projects.push(project);
  }
  const tokens = [];
  for (const { id } of users) {
    tokens.push((await owner.query("select (auth.issue_token($1)).token", [id])).rows[0].token);
  }
  return { projects, tokens };
}

async function openSockets(url, tokens, onMessage) {
  const sockets = [];
  for (let at = 0; at < SOCKETS; at += 1) {
    const socket = new WebSocket(url, ["tm-db", `bearer.${tokens[at % tokens.length]}`]);
    socket.on("message", (data) => {
      // Only the beginning: this process shall not be what is measured.
      const text = data.toString("latin1", 0, 120);
      if (text.startsWith('{"type":"change"')) onMessage(Number(/"id":(\d+)/.exec(text)[1]));
      else if (text.startsWith('{"type":"subscribed"')) socket.emit("subscribed");
      else if (text.startsWith('{"type":"resync"')) console.log("a socket was told to read again");
    });
    const subscribed = new Promise((resolve, reject) => {
      socket.once("subscribed", resolve);
      socket.once("close", (code) => reject(new Error(`closed: ${code}`)));
    });
    socket.once("open", () => socket.send('{"type":"subscribe","channel":"task_changes"}'));
    sockets.push(socket);
    await subscribed;
  }
  return sockets;
}

await withDatabase({ major: flags.pg }, async ({ connect, dir, version }) => {
  const owner = await connect("owner");
  printHead(`Changes on their way: ${SOCKETS} sockets of ${USERS} users`, version);
  const { projects, tokens } = await makeProjects(owner);
  const insert = async (project) => {
    const { rows } = await owner.query("insert into api.tasks (title, project_id) values ('Bench', $1) returning id", [
      project,
    ]);
    return rows[0].id;
  };
  const rows = [];

  const follower = start(dir, ["listen", "--json"]);
  await follower.ready(/listening on/);
  const lines = new Map();
  createInterface({ input: follower.child.stdout }).on("line", (line) => {
    const { payload } = JSON.parse(line);
    if (payload !== undefined) lines.set(JSON.parse(payload).id, performance.now());
  });
  const shown = [];
  for (let at = 0; at < 200; at += 1) {
    const id = await insert(projects[0]);
    const committed = performance.now();
    while (!lines.has(id)) await sleep(1);
    shown.push(Math.max(0, lines.get(id) - committed));
  }
  await follower.end();
  rows.push(["tm-db listen, one change at a time", ms(median(shown)), ms(quantile(shown, 0.99)), ""]);

  const service = start(dir, ["realtime", "--port", "0"]);
  const [, url] = await service.ready(/serving on (\S+)/);
  let onMessage = () => {};
  const sockets = await openSockets(url, tokens, (id) => onMessage(id));
  const listeners = (SOCKETS / USERS) * MEMBERS;

  const commits = new Map();
  const early = new Map();
  let late = [];
  let outstanding = 0;
  onMessage = (id) => {
    const now = performance.now();
    outstanding -= 1;
    const committed = commits.get(id);
    if (committed === undefined) early.set(id, [...(early.get(id) ?? []), now]);
    else late.push(now - committed);
  };
  const change = async (project) => {
    const id = await insert(project);
    const committed = performance.now();
    commits.set(id, committed);
    for (const at of early.get(id) ?? []) late.push(Math.max(0, at - committed));
    early.delete(id);
  };
  const all = async (count) => {
    outstanding += count * listeners;
    return async () => {
      while (outstanding > 0) await sleep(1);
    };
  };

  for (let at = 0; at < 20; at += 1) await (await all(1), change(projects[at % projects.length]));
  while (outstanding > 0) await sleep(1);
  for (const pause of [20, 0]) {
    late = [];
    const startedAt = performance.now();
    const told = await all(CHANGES);
    for (let at = 0; at < CHANGES; at += 1) {
      await change(projects[at % projects.length]);
      if (pause > 0) await sleep(pause);
    }
    await told();
    const perSecond = (CHANGES * listeners) / ((performance.now() - startedAt) / 1000);
    const name =
      pause > 0 ? `tm-db realtime, a change every ${pause} ms` : "tm-db realtime, one change after the other";
    // One after the other is as fast as it goes, and how late they then are says nothing.
    const times = pause > 0 ? [ms(median(late)), ms(quantile(late, 0.99))] : ["", ""];
    rows.push([name, ...times, Math.round(perSecond)]);
  }

  const bursts = [];
  const memory = [residentMb(service.child.pid)];
  for (let round = 0; round < ROUNDS; round += 1) {
    const told = await all(BURST);
    const startedAt = performance.now();
    await owner.query(
      "insert into api.tasks (title, project_id) select 'Burst', ($1::bigint[])[1 + n % $2] from generate_series(1, $3::int) as n",
      [projects, projects.length, BURST],
    );
    await told();
    bursts.push((BURST * listeners) / ((performance.now() - startedAt) / 1000));
    memory.push(residentMb(service.child.pid));
  }
  rows.push([`tm-db realtime, ${BURST} changes in one transaction`, "", "", Math.round(median(bursts))]);
  console.log(`Each change has ${listeners} sockets to reach.\n`);
  printTable(["what", "median, ms", "p99, ms", "messages/s"], rows);
  printTable(
    ["memory of the service, MB", ...memory.slice(1).map((_, at) => `after burst ${at + 1}`)],
    [memory.map((mb) => Math.round(mb))],
  );
  for (const socket of sockets) socket.terminate();
  await service.end();
});
