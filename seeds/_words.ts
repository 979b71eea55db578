import type { SeedContext } from "tm-db/seeding";
import { below, type Chance, chanceOf, skewed } from "./_chance.ts";

type Faker = SeedContext["faker"];

/** Writes texts in which few words are common and most are rare, as in what people type. */
export interface Writer {
  readonly title: (chance: Chance) => string;
  /** So many sentences. */
  readonly text: (length: number, chance: Chance) => string;
  readonly tags: (chance: Chance) => string[];
}

export function makeWriter(faker: Faker): Writer {
  const verbs = distinct(150, () => faker.word.verb());
  const adjectives = distinct(400, () => faker.word.adjective());
  const nouns = distinct(1200, () => faker.word.noun());
  const words = distinct(3000, () => faker.word.sample());
  const labels = distinct(
    200,
    () => faker.hacker.noun().replaceAll(" ", "-") + faker.helpers.arrayElement(["", "-ui", "-api", "-docs"]),
  );
  const pick = (list: readonly string[], chance: Chance): string => list[skewed(list.length, chance)] ?? "";
  // Composed beforehand: millions of texts are then a choice of sentences each.
  const composing = chanceOf(faker.number.int(), "sentences", 0);
  const sentences = Array.from({ length: 10_000 }, () => {
    const length = 5 + below(8, composing);
    return `${capital(Array.from({ length }, () => pick(words, composing)).join(" "))}.`;
  });
  return {
    title: (chance) => {
      const start = `${capital(pick(verbs, chance))} the ${pick(adjectives, chance)} ${pick(nouns, chance)}`;
      return below(4, chance) === 0 ? `${start} (${pick(labels, chance)})` : start;
    },
    text: (length, chance) => {
      let text = "";
      for (let at = 0; at < length; at += 1)
        text += `${at === 0 ? "" : " "}${sentences[below(sentences.length, chance)]}`;
      return text;
    },
    tags: (chance) => [...new Set(Array.from({ length: skewed(5, chance) }, () => pick(labels, chance)))].toSorted(),
  };
}

/** Up to so many different words, in the order in which they come. */
function distinct(count: number, make: () => string): string[] {
  const found = new Set<string>();
  for (let tries = 0; tries < count * 4 && found.size < count; tries += 1) found.add(make());
  return [...found];
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
