import { expect, test } from "vitest";
import { doctor } from "../../src/app/doctor.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { withClient } from "../../src/db/client.ts";
import { stopEmbedded } from "../../src/server/embedded.ts";
import { useProjects } from "./temporary-project.ts";

const projects = useProjects();

test("since when a materialized view holds what it holds is told where PostgreSQL keeps the times of commits", async () => {
  const project = projects.create();
  const first = await project.start({ major: 18 });
  await withClient({ ...first.superuser, database: "app" }, {}, async (client) => {
    await client.query("alter system set track_commit_timestamp = on");
  });
  await stopEmbedded({ projectDir: project.dir });
  const { connection } = await project.start();
  await withClient(connection, {}, async (client) => {
    await client.query("create materialized view public.counted as select 1 as one");
    await client.query("create unique index on public.counted (one)");
    await client.query("refresh materialized view concurrently public.counted");
  });
  const { checks } = await doctor({
    projectDir: project.dir,
    databaseUrl: connectionUrl(connection),
    env: {},
    onEvent: () => {},
  });
  expect(checks.filter(({ check }) => check === "materialized views")).toEqual([
    expect.objectContaining({
      verdict: "ok",
      message: expect.stringMatching(/^refreshed or altered: public\.counted \d s ago$/),
    }),
  ]);
});
