import { cpSync, existsSync, renameSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ConnectionSpec } from "../../src/core/connection-spec.ts";
import { withClient } from "../../src/db/client.ts";
import { findEmbedded, stopEmbedded } from "../../src/server/embedded.ts";
import { useProjects } from "./temporary-project.ts";

const projects = useProjects();

async function execute(spec: ConnectionSpec, sql: string): Promise<unknown[]> {
  return await withClient(spec, {}, async (client) => (await client.query<Record<string, unknown>>(sql)).rows);
}

describe.each([{ state: "running" }, { state: "stopped" }])("a project whose server is $state", ({ state }) => {
  test("takes its data along when its folder is moved", async () => {
    const project = projects.create();
    // As users have it: a server that is moved while it runs cannot end in order, and recovers from its WAL.
    const before = await project.start({ durable: true });
    await execute(before.connection, "create table kept as select 1 as one");
    if (state === "stopped") await stopEmbedded({ projectDir: project.dir });
    const moved = projects.at(`${project.dir}-moved`);
    renameSync(project.dir, moved.dir);

    const after = await moved.start();
    expect(moved.events).toContainEqual({ kind: "project-moved", from: project.dir });
    expect(after).toMatchObject({ created: false, connection: before.connection });
    expect(await execute(after.connection, "select one from kept")).toEqual([{ one: 1 }]);
    expect(existsSync(before.dataDir)).toBe(false);
    expect(await moved.start()).toMatchObject({ started: false });
  });

  test("shares nothing with a copy of its folder", async () => {
    const project = projects.create();
    const original = await project.start();
    await execute(original.connection, "create table kept as select 1 as one");
    if (state === "stopped") await stopEmbedded({ projectDir: project.dir });
    const copy = projects.at(`${project.dir}-copy`);
    cpSync(project.dir, copy.dir, { recursive: true });

    expect(findEmbedded({ projectDir: copy.dir })).toBeUndefined();
    expect(await stopEmbedded({ projectDir: copy.dir })).toEqual({ wasRunning: false });
    const other = await copy.start();
    expect(copy.events).toContainEqual({ kind: "project-copied", from: project.dir });
    expect(other.created).toBe(true);
    expect(other.connection.port).not.toBe(original.connection.port);
    expect(other.connection.password).not.toBe(original.connection.password);
    const again = await project.start();
    expect(again).toMatchObject({ started: state === "stopped", connection: original.connection });
    expect(await execute(again.connection, "select one from kept")).toEqual([{ one: 1 }]);
  });
});

test("stop ends the server of a folder that was moved while it ran", async () => {
  const project = projects.create();
  await project.start();
  const moved = projects.at(`${project.dir}-moved`);
  renameSync(project.dir, moved.dir);
  expect(findEmbedded({ projectDir: moved.dir })).toMatchObject({ running: true });
  expect(await stopEmbedded({ projectDir: moved.dir })).toEqual({ wasRunning: true });
  expect(findEmbedded({ projectDir: moved.dir })).toMatchObject({ running: false });
});
