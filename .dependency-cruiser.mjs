// Who may import whom: the table of "How the code is laid out" in CONTRIBUTING.md, as rules. Type-only imports count.
// test/contracts/import-rules.test.ts proves that each rule catches what it forbids.

/** A feature knows the shared words and the database, and no other feature. */
const FEATURES = [
  "deploy",
  "policytest",
  "matrix",
  "mutate",
  "audit",
  "seed",
  "postgrest",
  "schema",
  "lint",
  "doctor",
  "realtime",
];

/** Folders of `src/`, besides itself, that a folder may import. */
const MAY_IMPORT = {
  core: [],
  db: ["core"],
  config: ["core"],
  files: ["core", "config"],
  server: ["core", "db"],
  ...Object.fromEntries(FEATURES.map((feature) => [feature, ["core", "db"]])),
  app: ["core", "db", "config", "files", "server", ...FEATURES],
  report: ["core"],
  cli: ["app", "report", "core"],
};

/** Folders that may import a package. What is not listed may be imported by none. */
const LIBRARIES = {
  commander: ["cli"],
  pg: ["db"],
  "pg-copy-streams": ["db"],
  "tap-parser": ["policytest"],
  "libpg-query": ["deploy", "lint", "mutate"],
  "pgsql-deparser": ["mutate"],
  jose: ["postgrest"],
  "@supabase/pg-delta": ["schema"],
  // Users install it for themselves, and it is loaded only where a container is asked for.
  testcontainers: ["server"],
  ws: ["realtime"],
  "@faker-js/faker": ["seed"],
  // Its comparator orders the files; its loader and builder run migrations that are scripts.
  "node-pg-migrate": ["deploy", "files"],
};

/** Packages that are bundled, or that users install for themselves: to them the package manifest's "dev" is no obstacle. */
const NOT_INSTALLED = ["commander", "jose", "libpg-query", "pg-copy-streams", "tap-parser", "testcontainers"];

/** No input, no output: `node:crypto` computes checksums and nothing else is needed. */
const PURE = ["core", "report"];

const anyOf = (names) => `(${names.join("|")})`;
const escapePattern = (text) => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
const packagePath = (name) => `(^|/)node_modules/(@types/)?${escapePattern(name)}/`;

const folderRules = Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
  name: `folder-${folder}`,
  comment: `src/${folder}/ may import ${allowed.length === 0 ? "no other folder" : allowed.join(", ")}`,
  severity: "error",
  from: { path: `^src/${folder}/` },
  to: { path: "^src/", pathNot: `^src/${anyOf([folder, ...allowed])}/` },
}));

const libraryRules = Object.entries(LIBRARIES).map(([name, folders]) => ({
  name: `library-${name}`,
  comment: `${name} is imported in src/${folders.join("/ and src/")}/ only`,
  severity: "error",
  from: { path: "^src/", pathNot: `^src/${anyOf(folders)}/` },
  to: { path: packagePath(name) },
}));

export default {
  forbidden: [
    {
      name: "no-circular",
      comment: "values flow down as arguments and up as results: no module needs one that needs it",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    ...folderRules,
    {
      name: "folder-unknown",
      comment: "a new folder of src/ needs its line in MAY_IMPORT",
      severity: "error",
      from: { path: "^src/[^/]+/", pathNot: `^src/${anyOf(Object.keys(MAY_IMPORT))}/` },
      to: {},
    },
    {
      name: "public-api",
      comment: "src/index.ts, src/seeding.ts and src/testing.ts offer app functions, core types and the types of seeds",
      severity: "error",
      from: { path: "^src/(index|seeding|testing)\\.ts$" },
      to: { pathNot: "^src/(app/|core/|seed/seed\\.ts$)" },
    },
    {
      name: "not-to-index",
      comment: "these are for users of the package; inside, a barrel is where cycles start",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^src/(index|seeding|testing)\\.ts$" },
    },
    {
      name: "bin",
      comment: "bin/ checks the version of Node and loads the command line from dist/; nothing else",
      severity: "error",
      from: { path: "^bin/" },
      to: {
        pathNot: ["(^|/)dist/(cli|frequent)\\.cjs$", "^bin/(load-compiled|frequent)\\.cjs$"],
        dependencyTypesNot: ["core"],
      },
    },
    ...libraryRules,
    {
      name: "library-unlisted",
      comment: "a package that src/ imports has a line in LIBRARIES, and a reason in docs/adr/0009-dependencies.md",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "(^|/)node_modules/", pathNot: Object.keys(LIBRARIES).map(packagePath) },
    },
    {
      name: "library-dev",
      comment: "what is shipped needs no package that only development installs, unless it is bundled",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev"], pathNot: NOT_INSTALLED.map(packagePath) },
    },
    {
      name: "pure",
      comment: `src/${PURE.join("/ and src/")}/ compute: no files, no network, no processes`,
      severity: "error",
      from: { path: `^src/${anyOf(PURE)}/` },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?crypto$" },
    },
    {
      name: "src-stands-alone",
      comment: "what is shipped knows nothing of what is not",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|bench|scripts|dist|bin|docs)/" },
    },
    {
      name: "unresolvable",
      comment: "the imported file is there",
      severity: "error",
      from: { path: "^(src|test|bench|scripts)/" },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "(^|/)(node_modules|dist)/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};
