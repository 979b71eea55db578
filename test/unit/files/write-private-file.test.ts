import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { writePrivateFile } from "../../../src/files/write-private-file.ts";
import { temporaryProject } from "../../support/temporary-project.ts";

const MARK = "# ours";
const TEXT = `${MARK}\nsecret\n`;
const NOBODY = 65534;

function folder(): string {
  return temporaryProject({}).projectDir;
}

test("a file is its owner's alone, whatever the umask, and written once", () => {
  const path = join(folder(), "a.conf");
  const umask = process.umask(0);
  try {
    expect(writePrivateFile(path, TEXT, MARK)).toBe("written");
  } finally {
    process.umask(umask);
  }
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const { ino } = statSync(path);
  expect(writePrivateFile(path, TEXT, MARK)).toBe("unchanged");
  expect(statSync(path).ino).toBe(ino);
  chmodSync(path, 0o644);
  expect(writePrivateFile(path, TEXT, MARK)).toBe("written");
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("whoever reads while it is replaced sees the old one or the new one, and nobody else's mode", async () => {
  const dir = folder();
  const path = join(dir, "a.conf");
  writePrivateFile(path, TEXT, MARK);
  const modes = new Set<number>();
  const watcher = watch(dir, () => {
    for (const name of readdirSync(dir, { withFileTypes: true })) {
      const found = statSync(join(dir, name.name), { throwIfNoEntry: false });
      if (name.isFile() && found !== undefined) modes.add(found.mode & 0o777);
    }
  });
  onTestFinished(() => watcher.close());
  for (let round = 0; round < 20; round += 1) {
    writePrivateFile(path, `${TEXT}${"x".repeat(round)}\n`, MARK);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect([...modes].filter((mode) => mode !== 0o600)).toEqual([]);
  expect(readdirSync(dir).toSorted()).toEqual(["a.conf", "migrations"]);
});

test("an empty file and one of ours are replaced, and nothing else is", () => {
  const dir = folder();
  const path = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  for (const text of ["", `${MARK}\nold\n`]) expect(writePrivateFile(path("ours", text), TEXT, MARK)).toBe("written");
  for (const text of ["mine\n", `\n${MARK}\n`, `${MARK} not\n`]) {
    const mine = path("mine", text);
    expect(() => writePrivateFile(mine, TEXT, MARK)).toThrow(expect.objectContaining({ code: "FILE_EXISTS" }));
    expect(readFileSync(mine, "utf8")).toBe(text);
  }
  mkdirSync(join(dir, "folder"));
  symlinkSync(path("target", ""), join(dir, "link"));
  for (const name of ["folder", "link"])
    expect(() => writePrivateFile(join(dir, name), TEXT, MARK)).toThrow(
      expect.objectContaining({ code: "FILE_EXISTS" }),
    );
  expect(() => writePrivateFile(join(dir, "no/such/folder"), TEXT, MARK)).toThrow(
    expect.objectContaining({ code: "FILE_UNWRITABLE" }),
  );
});

test.runIf(process.geteuid?.() === 0)("what root writes stays the file of the user that it was made for", () => {
  const path = join(folder(), "a.conf");
  writeFileSync(path, "");
  chownSync(path, NOBODY, NOBODY);
  writePrivateFile(path, TEXT, MARK);
  expect(statSync(path)).toMatchObject({ uid: NOBODY, gid: NOBODY });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test.runIf(process.geteuid?.() === 0)("in a folder of everybody's, a file that waits there is given nothing", () => {
  const dir = folder();
  const path = join(dir, "a.conf");
  const ownerAfter = (mode: number): number => {
    chmodSync(dir, mode);
    writeFileSync(path, "");
    chownSync(path, NOBODY, NOBODY);
    writePrivateFile(path, TEXT, MARK);
    return statSync(path).uid;
  };
  expect(ownerAfter(0o1777)).toBe(0);
  expect(ownerAfter(0o755)).toBe(NOBODY);
});

test("for want of a folder, the error says how to make it", () => {
  const path = join(folder(), "deploy/a.conf");
  expect(() => writePrivateFile(path, TEXT, MARK)).toThrow(
    expect.objectContaining({ code: "FILE_UNWRITABLE", hint: `make its folder: mkdir -p ${dirname(path)}` }),
  );
  mkdirSync(dirname(path));
  expect(writePrivateFile(path, TEXT, MARK)).toBe("written");
});
