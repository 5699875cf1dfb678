// SPDX-License-Identifier: MIT
// The description is valid for @seriousme/openapi-schema-validator (ajv with the schema of the OpenAPI Initiative).
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";

const validator = new Validator();
const found = await validator.validate(JSON.parse(readFileSync(process.argv[2], "utf8")));
if (!found.valid || validator.version !== "3.1") {
  console.log(JSON.stringify(found.errors, null, 1), `version ${validator.version}`);
  process.exit(1);
}
