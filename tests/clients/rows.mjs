// SPDX-License-Identifier: MIT
// rows.mjs - rows that the server has: ids to ask for and to refer to, values to filter by.
const PAGE = 20;

const base = (path) => path.replace(/\/$/, "");
const refName = (schema) => schema?.$ref?.split("/").pop();

export class Rows {
  #pools = new Map(); /* path of a list -> rows */
  #below = new Map(); /* "/contacts/{contact}/addresses" -> rows of some contacts */
  #schemas = new Map(); /* path of a list -> name of the rows' schema */
  kept = []; /* ids without which the run could not go on */

  constructor(description, get) {
    this.description = description;
    this.get = get;
    for (const o of description.operations) {
      const content = o.method === "get" && o.responses[200]?.value.content?.["application/json"];
      const list = content?.schema?.$ref ? description.at(content.schema.$ref) : null;
      const row = refName(list?.properties?.results?.items);
      if (row && o.id.startsWith("list")) {
        this.#schemas.set(o.path, row);
      }
    }
    this.targets = this.#references();
  }

  // Which rows a member refers to: by the schema that it stands in, and, for bodies of actions, by its name alone.
  #references() {
    const targets = new Map();
    const isList = (row) => [...this.#schemas.values()].includes(row);
    for (const [owner, schema] of Object.entries(this.description.document.components.schemas)) {
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        const target = (property.anyOf ?? property.items?.anyOf ?? []).map(refName).find((r) => r && isList(r));
        if (target) {
          targets.set(`${owner}.${name}`, target);
          targets.set(name, targets.get(name) ?? target);
        }
      }
    }
    return targets;
  }

  async harvest(users) {
    for (const [path] of this.#schemas) {
      if (!path.includes("{")) {
        this.#pools.set(path, (await this.get(`${path}?page_size=${PAGE}&ordering=-created_at`))?.results ??
          (await this.get(`${path}?page_size=${PAGE}`))?.results ?? []);
      }
    }
    for (const [path] of this.#schemas) {
      const parent = path.slice(0, path.indexOf("/{"));
      if (path.includes("{") && this.#pools.has(parent)) {
        await this.#harvestBelow(path, parent);
      }
    }
    this.permissions = ((await this.get("/api/v1/permissions"))?.results ?? []).map((p) => p.name);
    this.units = this.rowsAt("/api/v1/units-of-measure").map((u) => u.code);
    if (!this.kept.length) {
      this.#keep(users);
    }
  }

  async #harvestBelow(path, parent) {
    const all = [];
    for (const row of [...this.#pools.get(parent).slice(0, 3), ...this.#pools.get(parent).slice(-3)]) {
      const found = await this.get(`${path.replace(/\{\w+\}/, row.id)}?page_size=5`);
      all.push(...(found?.results ?? []));
    }
    this.#below.set(path, all);
  }

  // What was there at the start, but goods and contacts: they may go.
  #keep(users) {
    for (const [path, rows] of this.#pools) {
      if (!/products|contacts|categories/.test(path)) {
        this.kept.push(...rows.map((r) => r.id).filter((id) => id));
      }
    }
    this.kept.push(...users);
  }

  #rowsAt(path) {
    return this.#pools.get(base(path)) ?? this.#below.get(base(path)) ?? [];
  }

  // Of the list that this path is, up to a parameter of a path.
  idsAt(path) {
    return this.#rowsAt(path).map((r) => r.id).filter((id) => id).slice(0, PAGE);
  }

  idsFor(name, owner) {
    const row = owner.replace(/(Create|Replace|Change|PartWrite|Part)$/, "");
    const target = this.targets.get(`${row}.${name}`) ?? this.targets.get(name);
    const path = [...this.#schemas].find(([p, schema]) => schema === target && !p.includes("{"))?.[0];
    return path ? this.idsAt(path) : [];
  }

  // Of the list that an operation on one row is about.
  rowsAt(path) {
    return this.#rowsAt(path.replace(/\/\{id\}.*$/, ""));
  }

  // What rows have that a parameter of this name could be about: those of the list, and what actions ask for.
  valuesFor(operation, name) {
    const own = this.rowsAt(operation.path).map((r) => r[name]);
    const others = { permission: this.permissions, from: this.units, to: this.units }[name] ?? [];
    const values = [...own, ...others].filter((v) => v !== null && v !== undefined && typeof v !== "object");
    return [...new Set(values)].slice(0, 8);
  }
}
