import { withContainer } from "../server/container.ts";
import { type CommandOptions, openProject } from "./context.ts";

/**
 * Does a command's work on a server of its own, in a container that ends with it.
 * @throws TmDbError CONTAINER_UNAVAILABLE, and what the work throws.
 */
export async function inContainer<Options extends CommandOptions, Result>(
  options: Options,
  image: string,
  work: (options: Options) => Promise<Result>,
): Promise<Result> {
  const { config } = openProject(options);
  const { projectDir, onEvent, signal } = options;
  return await withContainer(
    { image, database: config.database, projectDir, onEvent, signal },
    async (container) => await work({ ...options, container }),
  );
}
