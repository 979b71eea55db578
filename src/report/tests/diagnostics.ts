import type { Style } from "../style.ts";

/**
 * The comments that pgTAP prints below a test that failed. What the spec reporter says already is left out, and what a
 * test had and what it wanted are set off by colour.
 */
export function diagnosticLines(diagnostic: string, style: Style): string[] {
  return diagnostic.split("\n").flatMap((line) => {
    if (/^Failed (\(TODO\) )?test \d+/.test(line) || /^Looks like you (failed|planned)/.test(line)) return [];
    if (/^\s*(have|Extra records|caught|found):/.test(line)) return [style.red(line)];
    if (/^\s*(want|Missing records|wanted|expected):/.test(line)) return [style.green(line)];
    return [line];
  });
}
