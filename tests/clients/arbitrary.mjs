// SPDX-License-Identifier: MIT
// arbitrary.mjs - fast-check arbitraries made from the schemas of a description: values that they allow, and damage to them.
import fc from "fast-check";

const DEPTH = 4;
const WORDS = ["bolt", "Hex bolt M8", "Müller", "日本語", "é", "a_b%c", "O'Brien", "x".repeat(80), "-1", "null", "🙂", "ﬁ", "\u200b", "<b>"];

const text = (min, max) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...WORDS.filter((w) => [...w].length >= min && [...w].length <= max), "w".repeat(Math.max(min, 1))) },
    { weight: 2, arbitrary: fc.string({ minLength: min, maxLength: Math.min(max, min + 12) }) },
    {
      weight: 1,
      arbitrary: fc.string({ unit: "binary", minLength: min, maxLength: Math.min(max, min + 6) }).map((s) => s.replace(/\0/g, "0")),
    },
  );

const pad = (n, width = 2) => String(n).padStart(width, "0");
const date = fc
  .tuple(fc.integer({ min: 1900, max: 2100 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
  .map(([y, m, d]) => `${y}-${pad(m)}-${pad(d)}`);
const time = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), fc.constantFrom("Z", "+02:00", ".123456Z", "-00:30"))
  .map(([h, m, zone]) => `T${pad(h)}:${pad(m)}:00${zone}`);

// JSON that nobody wrote a schema for.
const anything = fc.jsonValue({ maxDepth: 2 });
const anyObject = fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), anything, { maxKeys: 3 });

export class Arbitraries {
  #open = 0;

  // ids(name, schema name): those of rows that such a member can refer to.
  constructor(description, ids) {
    this.description = description;
    this.ids = ids;
  }

  // A value that the schema allows; name: of the member that it is for, owner: of the schema which that stands in.
  of(schema, name = "", owner = "") {
    if (schema.$ref) {
      return this.#within(() => this.of(this.description.at(schema.$ref), name, schema.$ref.split("/").pop()));
    }
    if (schema.const !== undefined) {
      return fc.constant(schema.const);
    }
    if (schema.enum) {
      return fc.constantFrom(...schema.enum);
    }
    const any = schema.anyOf ?? schema.oneOf;
    if (any) {
      return fc.oneof(...any.map((s) => this.of(s, name, owner)));
    }
    const types = [schema.type ?? "any"].flat();
    const made = fc.oneof(...types.map((type) => this.#typed(type, schema, name, owner)));
    const examples = schema.format === "uuid" || schema.items?.format === "uuid" ? [] : (schema.examples ?? []);
    return examples.length ? fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...examples) }, { weight: 1, arbitrary: made }) : made;
  }

  #within(make) {
    this.#open++;
    try {
      return make();
    } finally {
      this.#open--;
    }
  }

  #typed(type, schema, name, owner) {
    switch (type) {
      case "null":
        return fc.constant(null);
      case "boolean":
        return fc.boolean();
      case "integer":
        return this.#integer(schema);
      case "number":
        return this.#number(schema);
      case "string":
        return this.#string(schema, name, owner);
      case "array":
        return this.#array(schema, name, owner);
      case "object":
        return this.#object(schema, owner);
      default:
        return anything;
    }
  }

  #integer(schema) {
    const min = Math.max(schema.minimum ?? -1000, -(2 ** 31));
    const max = Math.min(schema.maximum ?? min + 5000, 2 ** 31 - 1);
    return fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
  }

  #number(schema) {
    const min = schema.minimum ?? schema.exclusiveMinimum ?? -1000;
    const max = schema.maximum ?? schema.exclusiveMaximum ?? min + 5000;
    return fc.integer({ min: Math.ceil(min), max: Math.floor(max) }).map((n) => (n + 0.5 < max ? n + 0.5 : n));
  }

  #string(schema, name, owner) {
    switch (schema.format) {
      case "uuid": {
        const known = this.ids(name, owner);
        const random = fc.uuid();
        return known.length ? fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: random }) : random;
      }
      case "date":
        return date;
      case "date-time":
        return fc.tuple(date, time).map(([d, t]) => d + t);
      case "email":
        return fc.nat(9999).map((n) => `fuzz${n}@example.com`);
      case "decimal":
        return fc.integer({ min: -9999, max: 99999 }).map((n) => (n / 100).toFixed(2));
    }
    if (schema.pattern) {
      return fc.stringMatching(new RegExp(schema.pattern, "u"), { size: "small" }).filter((s) => !s.includes("\0"));
    }
    return text(schema.minLength ?? 0, Math.min(schema.maxLength ?? 300, 300));
  }

  #array(schema, name, owner) {
    if (this.#open > DEPTH) {
      return fc.constant([]);
    }
    const bounds = { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 3, Math.max(3, schema.minItems ?? 0)) };
    const item = this.of(schema.items ?? {}, name, owner);
    return schema.uniqueItems ? fc.uniqueArray(item, { ...bounds, comparator: "SameValue" }) : fc.array(item, bounds);
  }

  #object(schema, owner) {
    const properties = Object.entries(schema.properties ?? {});
    if (!properties.length) {
      return schema.additionalProperties === false ? fc.constant({}) : schema.minProperties ? anyObject.filter((o) => Object.keys(o).length) : anyObject;
    }
    const members = Object.fromEntries(properties.map(([name, s]) => [name, this.#within(() => this.of(s, name, owner))]));
    return fc.record(members, { requiredKeys: (schema.required ?? []).filter((k) => members[k]) });
  }
}

// ---- damage ----

const JUNK = [
  null,
  true,
  0,
  -1,
  1e308,
  2 ** 53,
  "",
  " ",
  "null",
  "0x10",
  "😀".repeat(200),
  "x".repeat(70000),
  "\u0000",
  "\ud800",
  "a\u0000b",
  "../../etc/passwd",
  "'; DROP TABLE x; --",
  "00000000-0000-0000-0000-000000000000",
  "2026-02-30",
  "9999-12-31T23:59:60Z",
  "1e400",
  "NaN",
  [],
  [[]],
  [null],
  {},
  { "": "" },
  { id: 1 },
];
// Texts in place of a value, as no JSON.stringify writes them.
const RAW = ["1e400", "-0", "123456789012345678901234567890", "0.1000000000000000055511151231257827", "01", "NaN", '"\\ud800"', '"\\q"', "[".repeat(100) + "]".repeat(100), '{"a":1,"a":2}', ""];
const MARK = "\u0001raw\u0001";

function places(value, path = []) {
  const own = [path];
  if (value && typeof value === "object") {
    for (const key of Object.keys(value)) {
      own.push(...places(value[key], [...path, key]));
    }
  }
  return own;
}

function replaced(value, path, make) {
  if (!path.length) {
    return make(value);
  }
  const copy = Array.isArray(value) ? [...value] : { ...value };
  copy[path[0]] = replaced(copy[path[0]], path.slice(1), make);
  return copy;
}

// Text of a body: that of the value, or of the value with one thing wrong in it, or something else altogether.
export function damaged(value) {
  const pick = fc.nat(1000);
  const junk = fc.tuple(pick, fc.constantFrom(...JUNK)).map(([n, junk]) => {
    const all = places(value);
    return JSON.stringify(replaced(value, all[n % all.length], () => junk));
  });
  const unknown = fc.tuple(pick, fc.constantFrom("unknown", "__proto__", "id", "", "organization_id", "Name", "é")).map(([n, name]) => {
    const all = places(value);
    const make = (v) => (v && typeof v === "object" && !Array.isArray(v) ? Object.fromEntries([...Object.entries(v), [name, 1]]) : [v]);
    return JSON.stringify(replaced(value, all[n % all.length], make));
  });
  const missing = pick.map((n) => {
    const keys = value && typeof value === "object" ? Object.keys(value) : [];
    return JSON.stringify(keys.length ? { ...value, [keys[n % keys.length]]: undefined } : value);
  });
  const raw = fc.tuple(pick, fc.constantFrom(...RAW)).map(([n, text]) => {
    const all = places(value);
    return JSON.stringify(replaced(value, all[n % all.length], () => MARK)).replace(JSON.stringify(MARK), () => text);
  });
  const broken = fc.nat(400).map((n) => JSON.stringify(value).slice(0, n));
  const other = fc.constantFrom("", "null", "[]", "{}", '"text"', "\ufeff{}", "{} {}", "\u0000", "[" + "0,".repeat(70000) + "0]");
  return fc.oneof({ weight: 5, arbitrary: junk }, { weight: 2, arbitrary: unknown }, missing, { weight: 2, arbitrary: raw }, broken, other);
}

export const damagedText = fc.oneof(
  fc.constantFrom("", "null", "\u0000", "%", "a,b", "-", "1e400", "99999999999999999999", "true", "😀", "'", "x".repeat(3000), "00000000-0000-0000-0000-000000000000"),
  fc.string({ unit: "binary", maxLength: 6 }),
);
