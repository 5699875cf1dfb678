// SPDX-License-Identifier: MIT
// The description and every JSON Schema in it are valid for @hyperjump/json-schema, which evaluates by code of its own.
import { readFileSync } from "node:fs";
import { validate } from "@hyperjump/json-schema/openapi-3-1";

const found = await validate("https://spec.openapis.org/oas/3.1/schema-base", JSON.parse(readFileSync(process.argv[2], "utf8")), "BASIC");
if (!found.valid) {
  console.log(JSON.stringify(found.errors, null, 1));
  process.exit(1);
}
