import { below, chanceOf } from "./_chance.ts";

/** The first four people have shapes of their own, to log in as and to measure with. */
export const CALLERS = ["in-none", "in-one", "in-ten", "in-a-thousand"] as const;
const IN_ONE = 1;
const IN_TEN = 2;
const IN_A_THOUSAND = 3;

/** The project of the second person has three tasks; the next ten together have about a hundredth of a hundred thousand. */
const TEN = 10;
const FIRST_OTHER = 1 + TEN;

export interface Sizes {
  readonly users: number;
  readonly projects: number;
  readonly tasks: number;
  readonly comments: number;
}

/** Which people belong to which project, and how much goes on there. People and projects count from 0. */
export interface Teams {
  readonly size: (project: number) => number;
  /** The owner first, then the other admins, the contributors, the viewers. */
  readonly member: (project: number, place: number) => number;
  readonly role: (project: number, place: number) => "admin" | "contributor" | "viewer";
  /** How many of the members may write. */
  readonly writers: (project: number) => number;
  /** The project of a task, among those that exist when a share of all time has passed. */
  readonly projectAt: (share: number, chance: number) => number;
  readonly memberships: number;
}

/** The share of all time after which a project exists; a tenth of them do from the start, and those of the callers. */
export function birthOf(project: number, projects: number): number {
  return project < FIRST_OTHER ? 0 : Math.max(0, (project / projects - 0.1) / 0.9);
}

/** A few huge projects, many small ones, some without tasks: the usual shape, where the n-th largest is an n-th as large. */
function activity({ projects }: Sizes, seedValue: number): Float64Array {
  const ranks = Uint32Array.from({ length: projects }, (_, index) => index);
  const chance = chanceOf(seedValue, "ranks", 0);
  for (let at = projects - 1; at > 0; at -= 1) {
    const other = below(at + 1, chance);
    const rank = ranks[at] ?? 0;
    ranks[at] = ranks[other] ?? 0;
    ranks[other] = rank;
  }
  const weights = Float64Array.from(ranks, (rank) => (rank >= projects * 0.98 ? 0 : 1 / (rank + 1)));
  const average = weights.reduce((sum, weight) => sum + weight, 0) / projects;
  weights[0] = 0;
  // Being there from the start brings them more than their share.
  weights.fill(average * 0.6, 1, FIRST_OTHER);
  return weights;
}

export function makeTeams(sizes: Sizes, seedValue: number): Teams {
  const { users, projects } = sizes;
  const weights = activity(sizes, seedValue);
  const sums = Float64Array.from(weights);
  for (let at = 1; at < projects; at += 1) sums[at] = (sums[at - 1] ?? 0) + (weights[at] ?? 0);
  const average = (sums[projects - 1] ?? 1) / projects;

  // One person in ten belongs to no project; of the others, some belong to very many.
  const joiners = Math.floor(users * 0.9) - CALLERS.length;
  const many = Math.min(1000, projects - FIRST_OTHER);
  const thousand = new Set(
    Array.from({ length: many }, (_, at) => FIRST_OTHER + Math.floor((at * (projects - FIRST_OTHER)) / many)),
  );
  const starts = new Uint32Array(projects + 1);
  const admins = new Uint32Array(projects);
  const writers = new Uint32Array(projects);
  const people: number[] = [];
  for (let project = 0; project < projects; project += 1) {
    const chance = chanceOf(seedValue, "team", project);
    const share = chance();
    const busy = Math.sqrt((weights[project] ?? 0) / average);
    const wanted = Math.min(1 + Math.floor(4 * share * share + 3 * busy), Math.floor(joiners / 2));
    const team = new Set<number>();
    while (team.size < wanted) {
      const one = chance();
      team.add(CALLERS.length + Math.floor(joiners * one * one));
    }
    const picked = [...team];
    const leading = 1 + Math.floor(wanted / 8);
    const guest = project === 0 ? IN_ONE : project <= TEN ? IN_TEN : thousand.has(project) ? IN_A_THOUSAND : undefined;
    if (guest !== undefined) picked.splice(leading, 0, guest);
    admins[project] = leading;
    writers[project] = Math.max(leading + (guest === undefined ? 0 : 1), Math.ceil(picked.length * 0.75));
    people.push(...picked);
    starts[project + 1] = people.length;
  }
  const members = Uint32Array.from(people);
  const start = (project: number): number => starts[project] ?? 0;
  return {
    size: (project) => start(project + 1) - start(project),
    member: (project, place) => members[start(project) + place] ?? 0,
    role: (project, place) =>
      place < (admins[project] ?? 0) ? "admin" : place < (writers[project] ?? 0) ? "contributor" : "viewer",
    writers: (project) => writers[project] ?? 1,
    projectAt: (share, chance) => {
      const there = Math.min(projects, Math.max(FIRST_OTHER, Math.ceil(projects * (0.1 + 0.9 * share))));
      return search(sums, chance * (sums[there - 1] ?? 0));
    },
    memberships: people.length,
  };
}

/** The first place whose sum is above a number. */
function search(sums: Float64Array, wanted: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? 0) > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}
