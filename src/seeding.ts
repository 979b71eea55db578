// What `seeds/*.ts` of a project may import from "tm-db/seeding": types, and nothing that runs.
export type { Seed, SeedContext, SeedData, SeedRow, SeedTable, SeedValue } from "./seed/seed.ts";
