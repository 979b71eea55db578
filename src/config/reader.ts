import { isAbsolute, normalize } from "node:path";
import type { Problem, SourceLocation } from "../core/errors.ts";
import { ignoredSchema, namesObject, plainName } from "../core/ignored.ts";
import { jsonPlaces } from "../core/json-places.ts";
import { locate } from "../core/locate.ts";
import type { PostgrestValue } from "../core/postgrest-options.ts";
import { similarWord } from "../core/similar-word.ts";

/** The file that settings come from. Without a text there are no places to name. */
export interface ConfigFile {
  readonly name: string;
  readonly text?: string | undefined;
}

/** What every server has before anybody makes a database. */
export const OWN_DATABASES: ReadonlySet<string> = new Set(["postgres", "template0", "template1"]);

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => character < " " || character === "\u007f");
}

/** Reads untrusted values and collects what is wrong with them. */
export class Reader {
  readonly problems: Problem[] = [];
  readonly #file: ConfigFile;
  #places: ReadonlyMap<string, number> | undefined;

  constructor(file: ConfigFile) {
    this.#file = file;
  }

  /** Without `keys`, of any keys. `elsewhere`: keys that somebody may look for here, and what decides them. */
  object(
    value: unknown,
    path: string,
    keys?: readonly string[],
    elsewhere: Readonly<Record<string, { readonly from: string }>> = {},
  ): Readonly<Record<string, unknown>> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.#add(path, "must be an object");
      return {};
    }
    if (keys === undefined) return value as Record<string, unknown>;
    for (const key of Object.keys(value)) {
      if (keys.includes(key)) continue;
      const from = elsewhere[key]?.from;
      // Editors put `$schema` there, and nobody else.
      const meant = similarWord(
        key,
        keys.filter((each) => key.startsWith("$") || !each.startsWith("$")),
      );
      const known = meant === undefined ? `known are ${keys.join(", ")}` : `did you mean ${meant}?`;
      const why = from === undefined ? `is unknown; ${known}` : `is not set here: it comes from ${from}`;
      this.#add(path === "" ? key : `${path}.${key}`, why);
    }
    return value as Record<string, unknown>;
  }

  text(value: unknown, path: string, options: { required?: boolean } = {}): string | undefined {
    if (value === undefined) {
      if (options.required === true) this.#add(path, "is missing");
      return undefined;
    }
    if (typeof value === "string" && value.trim() !== "") return value;
    this.#add(path, "must be a text that is not blank");
    return undefined;
  }

  scalar(value: unknown, path: string, type: "text" | "number" | "boolean"): PostgrestValue | undefined {
    if (type === "text") return this.text(value, path);
    if (type === "boolean" && typeof value === "boolean") return value;
    if (type === "number" && typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
    this.#add(path, type === "boolean" ? "must be true or false" : "must be a whole number from 0");
    return undefined;
  }

  /** A folder inside the project. */
  folder(value: unknown, path: string): string | undefined {
    const text = this.text(value, path);
    if (text === undefined) return undefined;
    const folder = normalize(text).replaceAll("\\", "/").replace(/\/$/, "");
    if (!isAbsolute(folder) && folder !== "." && folder !== ".." && !folder.startsWith("../")) return folder;
    this.#add(path, "must be a folder inside the project");
    return undefined;
  }

  name(value: unknown, path: string, options: { required?: boolean } = {}): string | undefined {
    const name = this.text(value, path, options);
    if (name !== undefined && hasControlCharacter(name)) this.#add(path, "holds a control character");
    if (name !== undefined && Buffer.byteLength(name) > 63)
      this.#add(path, "is over 63 bytes; PostgreSQL would cut it");
    return name;
  }

  /** A database that may be dropped: PostgreSQL makes three of its own, and others are made from them. */
  database(value: unknown, path: string): string | undefined {
    const name = this.name(value, path);
    if (name !== undefined && OWN_DATABASES.has(name)) {
      this.#add(path, `is ${name}, which is PostgreSQL's own; choose another name`);
    }
    return name;
  }

  names(value: unknown, path: string): string[] | undefined {
    return this.list(value, path)?.flatMap((item, index) => this.name(item, `${path}[${index}]`) ?? []);
  }

  list(value: unknown, path: string): readonly unknown[] | undefined {
    if (value === undefined) return undefined;
    if (Array.isArray(value)) return value as readonly unknown[];
    this.#add(path, "must be a list of names");
    return undefined;
  }

  /** A table or view that PostgREST exposes: nothing else may be read for users. */
  relation(
    value: unknown,
    path: string,
    exposedSchemas: readonly string[],
  ): { readonly schema: string; readonly name: string } | undefined {
    const text = this.text(value, path, { required: true });
    if (text === undefined) return undefined;
    const [schema, name, ...more] = text.split(".");
    if (schema === undefined || name === undefined || schema === "" || name === "" || more.length > 0) {
      this.#add(path, "must be schema.table");
      return undefined;
    }
    if (!exposedSchemas.includes(schema)) this.#add(path, `names a schema that is not in exposedSchemas: ${schema}`);
    return { schema, name };
  }

  /** An object that something else looks after. What the API exposes is never left out of sight. */
  ignored(value: unknown, path: string, exposedSchemas: readonly string[]): string[] {
    const text = this.text(value, path);
    if (text === undefined) return [];
    const entry = plainName(text);
    if (!namesObject(entry)) {
      this.#add(path, 'must name an object as tm-db drift does, such as "schema storage" or "publication changes"');
    }
    const schema = ignoredSchema(entry);
    if (schema !== undefined && exposedSchemas.includes(schema)) {
      this.#add(path, `names a schema that is in exposedSchemas: ${schema}`);
    }
    return [entry];
  }

  /** As browsers send it: `https://app.example.com`, without a path. */
  origin(value: unknown, path: string): string | undefined {
    const text = this.text(value, path);
    if (text === undefined || text === "*") return text;
    if (URL.canParse(text) && new URL(text).origin === text) return text;
    this.#add(path, "must be an origin such as https://app.example.com, or *");
    return undefined;
  }

  dotted(value: unknown, path: string, parts: number): string[] | undefined {
    const text = this.text(value, path);
    if (text === undefined) return undefined;
    const names = text.split(".");
    if (names.length === parts && names.every((name) => name !== "")) return names;
    this.#add(path, `must be ${parts === 2 ? "schema.function" : "schema.table.column"}`);
    return undefined;
  }

  #add(path: string, what: string): void {
    const message = path === "" ? `the file ${what}` : `${path} ${what}`;
    this.problems.push({ message, location: this.#locate(path) });
  }

  /** Of what is missing, the place where it would stand. */
  #locate(path: string): SourceLocation | undefined {
    const { name, text } = this.#file;
    if (text === undefined) return undefined;
    const places = (this.#places ??= jsonPlaces(text));
    let known = path;
    while (known !== "" && !places.has(known)) known = known.replace(/(\.|\[|^)[^.[]*$/, "");
    return locate(name, text, places.get(known) ?? 0);
  }
}
