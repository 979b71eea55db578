import { configName, settingPlace } from "../config/setting-place.ts";
import type { DoctorCheck } from "../core/command-result.ts";
import type { DatabaseClient } from "../db/client.ts";
import { alone } from "../doctor/alone.ts";
import { type Verdict, warning } from "../doctor/verdict.ts";
import { findAbsentSettings, isAllDeployed } from "./absent-settings.ts";
import type { Project } from "./context.ts";

type Found = readonly (readonly [DoctorCheck["check"], readonly Verdict[]])[];

/** What a setting names will not be there after a deployment that has nothing to do either: the setting is wrong then. */
export async function judgeSettings(client: DatabaseClient, project: Project, found: Found): Promise<Found> {
  const isAsked = found.some(([, verdicts]) => verdicts.some(({ setting }) => setting !== undefined));
  if (!isAsked) return found;
  const isDeployed = await alone(
    client,
    () => isAllDeployed(client, project),
    () => false,
  );
  if (!isDeployed) return found;
  return found.map(([check, verdicts]) => [check, verdicts.map((verdict) => atSetting(verdict, project))]);
}

function atSetting(verdict: Verdict, { options }: Project): Verdict {
  const { setting } = verdict;
  if (setting === undefined) return verdict;
  const place = settingPlace(options, setting);
  const mend = place === undefined ? `set ${setting.replace(/\[.*/, "")}` : `mend ${setting}`;
  const next = `${mend} in ${configName(options)}; or make it in a migration: npx tm-db new <name>`;
  return { ...verdict, next, place };
}

/** A schema that is not there is passed over, and so is what was to be found in it. */
export async function checkSearchPath(client: DatabaseClient, project: Project): Promise<readonly Verdict[]> {
  const absent = await findAbsentSettings(client, project, ["extraSearchPath"]);
  return absent.map(({ setting, message }) => ({ ...warning(message, "npx tm-db migrate"), setting }));
}
