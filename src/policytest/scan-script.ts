/**
 * What psql sees in a script: statements, its own commands, and variables. Follows psql's scanner
 * (https://github.com/postgres/postgres/blob/master/src/fe_utils/psqlscan.l): a semicolon ends a statement unless it
 * stands in quotes, a comment, parentheses, or a function's `begin atomic … end`.
 */
export type ScriptToken =
  /** `from` to `to` is part of a statement; `word` is its text in lower case where it is a word outside of quotes. */
  | { readonly kind: "text"; readonly from: number; readonly to: number; readonly word?: string }
  /** White space and comments. */
  | { readonly kind: "space"; readonly from: number; readonly to: number }
  /** `:name`, `:'name'`, `:"name"`, `:{?name}`. */
  | {
      readonly kind: "variable";
      readonly from: number;
      readonly to: number;
      readonly name: string;
      readonly form: VariableForm;
    }
  /** A backslash and the rest of its line. */
  | {
      readonly kind: "command";
      readonly from: number;
      readonly to: number;
      readonly name: string;
      readonly rest: string;
    }
  /** The end of a statement. */
  | { readonly kind: "end"; readonly from: number; readonly to: number };

export type VariableForm = "plain" | "literal" | "identifier" | "is-set";

const SPACE = /(?:\s+|--[^\n]*)+/y;
const STRING = /'(?:[^']|'')*(?:'|$)/y;
const ESCAPE_STRING = /[eE]'(?:[^'\\]|''|\\[^])*(?:'|$)/y;
const IDENTIFIER = /"(?:[^"]|"")*(?:"|$)/y;
const DOLLAR_QUOTE = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const VARIABLE = /:(?:([\w\u0080-\uffff]+)|'([\w\u0080-\uffff]+)'|"([\w\u0080-\uffff]+)"|\{\?([\w\u0080-\uffff]+)\})/y;
const COMMAND = /\\(\S[A-Za-z_]*|\?)?([^\n]*)/y;
/** Numbers with what clings to them, `::` and `:=`, signs that mean nothing here; else one character. */
const OTHER = /\d[\w.]*|::|:=|[,.=<>+*|&!?@#%^~`[\]{}]+|[^]/y;

/** Reads a script token by token; together they are the whole text. */
export function* scanScript(text: string): Generator<ScriptToken> {
  const depth = new StatementDepth();
  for (let from = 0; from < text.length;) {
    const token = readToken(text, from, depth);
    depth.see(token, text);
    yield token;
    from = token.to;
  }
}

function readToken(text: string, from: number, depth: StatementDepth): ScriptToken {
  return (
    readSpecial(text, from, depth) ?? { kind: "text", from, to: from + (match(OTHER, text, from)?.[0].length ?? 1) }
  );
}

/** By the first character, since this runs for every token of every file. */
function readSpecial(text: string, from: number, depth: StatementDepth): ScriptToken | undefined {
  const first = text[from] ?? "";
  switch (first) {
    case "/":
      return text[from + 1] === "*" ? { kind: "space", from, to: endOfComment(text, from) } : undefined;
    case "'":
      return textToken(match(STRING, text, from), from);
    case '"':
      return textToken(match(IDENTIFIER, text, from), from);
    case "$": {
      const tag = match(DOLLAR_QUOTE, text, from)?.[0];
      return tag === undefined ? undefined : { kind: "text", from, to: endOfDollarQuote(text, from, tag) };
    }
    case "\\":
      return readCommand(text, from);
    case ":": {
      const variable = text[from + 1] === ":" ? undefined : match(VARIABLE, text, from);
      return variable === undefined ? undefined : readVariable(variable, from);
    }
    case ";":
      return depth.isOutermost ? { kind: "end", from, to: from + 1 } : undefined;
    default:
      return readWordOrSpace(text, from);
  }
}

function readWordOrSpace(text: string, from: number): ScriptToken | undefined {
  const space = match(SPACE, text, from);
  if (space !== undefined) return { kind: "space", from, to: from + space[0].length };
  const escaped = text[from + 1] === "'" ? match(ESCAPE_STRING, text, from) : undefined;
  if (escaped !== undefined) return textToken(escaped, from);
  const word = match(WORD, text, from);
  return word === undefined
    ? undefined
    : { kind: "text", from, to: from + word[0].length, word: word[0].toLowerCase() };
}

function textToken(found: RegExpExecArray | undefined, from: number): ScriptToken | undefined {
  return found === undefined ? undefined : { kind: "text", from, to: from + found[0].length };
}

function match(pattern: RegExp, text: string, from: number): RegExpExecArray | undefined {
  pattern.lastIndex = from;
  return pattern.exec(text) ?? undefined;
}

function readCommand(text: string, from: number): ScriptToken {
  // `\;` ends a statement without sending it; here everything is sent together anyway.
  if (text[from + 1] === ";") return { kind: "end", from, to: from + 2 };
  const [whole = "\\", name = "", rest = ""] = match(COMMAND, text, from) ?? [];
  return { kind: "command", from, to: from + whole.length, name, rest: rest.trim() };
}

function readVariable(found: RegExpExecArray, from: number): ScriptToken {
  const [whole, plain, literal, identifier, isSet] = found;
  const [name, form]: readonly [string, VariableForm] =
    plain !== undefined
      ? [plain, "plain"]
      : literal !== undefined
        ? [literal, "literal"]
        : identifier !== undefined
          ? [identifier, "identifier"]
          : [isSet ?? "", "is-set"];
  return { kind: "variable", from, to: from + whole.length, name, form };
}

/** Comments nest, as the SQL standard has it. */
function endOfComment(text: string, from: number): number {
  let level = 0;
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    level += found[0] === "/*" ? 1 : -1;
    if (level === 0) return mark.lastIndex;
  }
  return text.length;
}

function endOfDollarQuote(text: string, from: number, tag: string): number {
  const end = text.indexOf(tag, from + tag.length);
  return end === -1 ? text.length : end + tag.length;
}

/** Counts parentheses and `begin atomic … end`, as psql does. */
class StatementDepth {
  #parentheses = 0;
  #blocks = 0;
  #firstWords: string[] = [];

  get isOutermost(): boolean {
    return this.#parentheses === 0 && this.#blocks === 0;
  }

  see(token: ScriptToken, text: string): void {
    if (token.kind === "end") this.#reset();
    if (token.kind !== "text") return;
    if (token.word !== undefined) this.#seeWord(token.word);
    else if (text[token.from] === "(") this.#parentheses += 1;
    else if (text[token.from] === ")") this.#parentheses = Math.max(0, this.#parentheses - 1);
  }

  #seeWord(word: string): void {
    if (this.#firstWords.length < 4) this.#firstWords.push(word);
    if (this.#parentheses > 0 || !/^create (or replace )?(function|procedure)/.test(this.#firstWords.join(" "))) return;
    if (word === "begin" || (word === "case" && this.#blocks > 0)) this.#blocks += 1;
    else if (word === "end" && this.#blocks > 0) this.#blocks -= 1;
  }

  #reset(): void {
    this.#parentheses = 0;
    this.#blocks = 0;
    this.#firstWords = [];
  }
}
