/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * node validate.js MODULES DOCUMENTS: prints the faults that public validators find in DOCUMENTS/openapi.json and
 * DOCUMENTS/asyncapi.json, as a JSON array of texts. */
"use strict";
const fs = require("fs");
const path = require("path");
const {createRequire} = require("module");
const {pathToFileURL} = require("url");

async function main(modules, documents) {
  const load = createRequire(path.join(path.resolve(modules), "node_modules", "x.js"));
  const text = (name) => fs.readFileSync(path.join(documents, name), "utf8");
  const {validate} = await import(pathToFileURL(load.resolve("@readme/openapi-parser")));
  const openapi = await validate(JSON.parse(text("openapi.json")));
  const {Parser} = load("@asyncapi/parser");
  const {document, diagnostics} = await new Parser().parse(text("asyncapi.json"));
  const faults = (openapi.errors || []).map((error) => "openapi: " + error.message);
  if (!openapi.valid && faults.length === 0) faults.push("openapi: not valid");
  faults.push(...diagnostics.filter((found) => found.severity <= 1).map(
    (found) => `asyncapi: ${found.path.join("/")}: ${found.message}`));
  if (!document && faults.length === 0) faults.push("asyncapi: no document");
  console.log(JSON.stringify(faults));
}

main(process.argv[2], process.argv[3]).catch((error) => {
  console.error(error);
  process.exit(1);
});
