/** SQL files of the tool itself are imported as text; scripts/build.mjs and vitest.config.ts see to it. */
declare module "*.sql" {
  const text: string;
  // What a bundler offers for text.
  // eslint-disable-next-line no-restricted-syntax
  export default text;
}

/** The pages of audit rules, likewise. */
declare module "*.md" {
  const text: string;
  // eslint-disable-next-line no-restricted-syntax
  export default text;
}
