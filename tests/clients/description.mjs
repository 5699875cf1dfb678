// SPDX-License-Identifier: MIT
// description.mjs - an OpenAPI 3.1 document as a judge needs it: the operation that a request is for, and whether a value is
// what a schema of the document says.
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const PROBLEM = "#/components/schemas/Problem";

const escape = (name) => name.replace(/~/g, "~0").replace(/\//g, "~1");
const segments = (path) => path.replace(/\/$/, "").split("/").slice(1);

// One line for what is wrong, without places in lists, so that equal faults are told once.
export function faultsOf(errors) {
  const told = errors.map((e) => {
    const at = (e.instancePath || "").replace(/\/\d+(?=\/|$)/g, "/*") || "the whole";
    const more = e.params?.additionalProperty ?? e.params?.unevaluatedProperty ?? e.params?.format ?? "";
    return `${at} ${e.message}${more ? ` (${more})` : ""}`;
  });
  return [...new Set(told)].slice(0, 5).join("; ");
}

export class Description {
  #ajv;
  #validators = new Map();

  constructor(document) {
    this.document = document;
    this.#ajv = new Ajv2020({ strict: false, allErrors: true, logger: false });
    addFormats(this.#ajv);
    this.#ajv.addFormat("decimal", /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/);
    this.#ajv.addSchema(document, "description");
    this.operations = [];
    this.paths = [];
    for (const [path, item] of Object.entries(document.paths)) {
      const methods = METHODS.filter((m) => item[m]);
      this.paths.push({ path, parts: segments(path), methods });
      for (const method of methods) {
        this.operations.push(this.#operation(path, method, item));
      }
    }
    this.byKey = new Map(this.operations.map((o) => [`${o.method} ${o.path}`, o]));
    this.cache = new Map();
  }

  #operation(path, method, item) {
    const at = `#/paths/${escape(path)}/${method}`;
    const own = item[method];
    const parameters = [
      ...(item.parameters ?? []).map((p, i) => this.resolve(p, `#/paths/${escape(path)}/parameters/${i}`)),
      ...(own.parameters ?? []).map((p, i) => this.resolve(p, `${at}/parameters/${i}`)),
    ].map(({ value, at: place }) => ({ ...value, at: place }));
    const body = own.requestBody ? this.resolve(own.requestBody, `${at}/requestBody`) : null;
    const responses = {};
    for (const [status, response] of Object.entries(own.responses)) {
      responses[status] = this.resolve(response, `${at}/responses/${status}`);
    }
    return { id: own.operationId, path, method, parameters, body, responses, own, at };
  }

  at(pointer) {
    let value = this.document;
    for (const name of pointer.slice(2).split("/")) {
      value = value?.[name.replace(/~1/g, "/").replace(/~0/g, "~")];
    }
    return value;
  }

  // What a reference names, however many lie between, and where it is.
  resolve(value, at) {
    while (value?.$ref) {
      at = value.$ref;
      value = this.at(at);
      if (value === undefined) {
        throw new Error(`${at} is not in the document`);
      }
    }
    return { value, at };
  }

  // A literal segment wins over a parameter, as in the server's router.
  find(method, path) {
    if (!path.startsWith("/")) {
      return { path: null, operation: null, methods: [] };
    }
    const parts = segments(path);
    const decoded = parts.map((p) => {
      try {
        return decodeURIComponent(p);
      } catch {
        return p;
      }
    });
    let best = null;
    for (const p of this.paths) {
      if (p.parts.length !== parts.length) {
        continue;
      }
      const rank = p.parts.map((part, i) => (part.startsWith("{") ? (parts[i] ? 1 : -1) : part === parts[i] ? 2 : -1));
      if (!rank.includes(-1) && (!best || rank.join("") > best.rank)) {
        best = { rank: rank.join(""), entry: p };
      }
    }
    if (!best) {
      return { path: null, operation: null, methods: [] };
    }
    const isMethod = method === method.toUpperCase();
    const key = `${method === "HEAD" ? "get" : isMethod ? method.toLowerCase() : "?"} ${best.entry.path}`;
    const values = {};
    best.entry.parts.forEach((part, i) => {
      if (part.startsWith("{")) {
        values[part.slice(1, -1)] = decoded[i];
      }
    });
    return { path: best.entry.path, operation: this.byKey.get(key) ?? null, methods: best.entry.methods, values };
  }

  // "" if the value is what the schema at that place says, else what is wrong. What these members hold does not matter.
  faults(pointer, value, ignored = new Set()) {
    let validate = this.#validators.get(pointer);
    if (!validate) {
      const encoded = pointer.slice(1).split("/").map(encodeURIComponent).join("/");
      validate = this.#ajv.compile({ $ref: `description#${encoded}` });
      this.#validators.set(pointer, validate);
    }
    return validate(value) ? "" : faultsOf(validate.errors.filter((e) => !ignored.has(e.instancePath.split("/")[1])));
  }

  problemFaults(value) {
    return this.faults(PROBLEM, value);
  }
}

// The text of a parameter as values of JSON that it may stand for.
function readings(text) {
  const all = [text];
  if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text)) {
    all.push(Number(text));
  }
  if (text === "true" || text === "false") {
    all.push(text === "true");
  }
  if (text === "null") {
    all.push(null);
  }
  return all;
}

// Values separated by commas; one in quotes may have some itself.
export function splitList(text) {
  if (text === "") {
    return [];
  }
  const items = [];
  let item = "";
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"' && (quoted || item === "")) {
      if (quoted && text[i + 1] === '"') {
        item += '"';
        i++;
      } else {
        quoted = !quoted;
      }
    } else if (text[i] === "," && !quoted) {
      items.push(item);
      item = "";
    } else {
      item += text[i];
    }
  }
  return [...items, item];
}

// "" if the text is one that this parameter may have.
export function parameterFaults(description, parameter, text) {
  const content = parameter.content?.["application/json"];
  if (content) {
    try {
      return description.faults(`${parameter.at}/content/application~1json/schema`, JSON.parse(text));
    } catch {
      return "is no JSON";
    }
  }
  const { value: schema, at } = description.resolve(parameter.schema, `${parameter.at}/schema`);
  const check = (place, one) => {
    const faults = readings(one).map((v) => description.faults(place, v));
    return faults.includes("") ? "" : faults[0];
  };
  if (schema.type !== "array") {
    return check(at, text);
  }
  const items = splitList(text);
  if (items.length < (schema.minItems ?? 0) || items.length > (schema.maxItems ?? Infinity)) {
    return `has ${items.length} values`;
  }
  return items.map((one) => check(`${at}/items`, one)).find((f) => f) ?? "";
}

// A parameter whose schema is an object with style form stands for all names that its patternProperties match.
export function parameterFor(operation, name) {
  const query = operation.parameters.filter((p) => p.in === "query");
  const own = query.find((p) => p.name === name && p.schema?.type !== "object");
  const free = query.find((p) => Object.keys(p.schema?.patternProperties ?? {}).some((x) => new RegExp(x, "u").test(name)));
  return own ?? free ?? null;
}
