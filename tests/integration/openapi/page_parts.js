/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * node page_parts.js PAGE.JS OPENAPI.JSON: what of the page's script needs no page. */
"use strict";
const assert = require("assert");
const fs = require("fs");
const page = require(fs.realpathSync(process.argv[2]));
const doc = JSON.parse(fs.readFileSync(process.argv[3], "utf8"));

const operations = page.operationsOf(doc);
const find = (id) => operations.find((entry) => entry.id === id);
const deposit = find("command.bank.account.deposit");

/* every operation is in exactly one group */
const grouped = page.groupsOf(doc).flatMap((group) => group.tags).flatMap((tag) => tag.operations).map((entry) => entry.id);
assert.deepStrictEqual([...grouped].sort(), operations.map((entry) => entry.id).sort());
assert.strictEqual(page.groupsOf(doc)[0].name, "bank");

/* a request: what stands in a path or query is encoded, what is empty is left out */
const request = page.requestOf(doc, deposit,
  {"path identifier": "a/b c", "query dry_run": "1", "header If-Match": "\"3\"", "header Prefer": ""}, "{\"amount\": 1}", "");
assert.deepStrictEqual(request, {
  url: "/bank:deposit/account/a%2Fb%20c?dry_run=1", method: "POST",
  headers: {"If-Match": "\"3\"", "Content-Type": "application/json"}, body: "{\"amount\": 1}",
});
assert.strictEqual(page.curlOf(request, "http://h"), "curl -i -X POST -H 'If-Match: \"3\"' " +
  "-H 'Content-Type: application/json' --data-raw '{\"amount\": 1}' 'http://h/bank:deposit/account/a%2Fb%20c?dry_run=1'");

/* the token goes only to what needs one, and into no text */
const guarded = {...doc, security: [{token: []}]};
const withToken = page.requestOf(guarded, deposit, {"path identifier": "x"}, undefined, "s3cret");
assert.strictEqual(withToken.headers.Authorization, "Bearer s3cret");
assert.ok(!page.curlOf(withToken, "http://h").includes("s3cret"));
assert.strictEqual(page.requestOf(guarded, find("service.live"), {}, undefined, "s3cret").headers.Authorization, undefined);
assert.strictEqual(page.requestOf(doc, deposit, {"path identifier": "x"}, undefined, "s3cret").headers.Authorization, undefined);

/* quotes in a shell */
assert.ok(page.curlOf({url: "/x", method: "GET", headers: {}, body: "it's"}, "h").includes("'it'\\''s'"));

/* schemas in words */
const open = page.partsOf(doc, {$ref: "#/components/schemas/bank.account.command.open"});
assert.deepStrictEqual(open.map((part) => [part.label, part.required]), [["holder", true], ["currency", false]]);
const amount = doc.components.schemas["bank.account.command.deposit"].properties.amount;
assert.strictEqual(page.typeOf(doc, amount), "integer (int64)");
assert.strictEqual(page.boundsOf(amount), "at least 1");
assert.strictEqual(page.typeOf(doc, {$ref: "#/components/schemas/Problem"}), "Problem");
assert.strictEqual(page.typeOf(doc, {type: "array", items: {type: "string"}}), "list of string");
assert.strictEqual(page.resolve(doc, {$ref: "#/components/nothing/here"}), undefined);

/* nothing here ends in a loop */
const loop = {components: {schemas: {A: {$ref: "#/components/schemas/A"}}}};
page.resolve(loop, {$ref: "#/components/schemas/A"});
