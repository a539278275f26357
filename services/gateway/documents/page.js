/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The page at /docs: draws /openapi.json, and sends what is tried. First what needs no page and is tested without one,
 * then the page. Texts become text nodes: nothing that a description says can become markup. */
"use strict";

/* ---- the document ---- */

/* The thing that {"$ref": "#/..."} means; anything else is itself. */
function resolve(doc, thing) {
  for (let hops = 0; thing && typeof thing.$ref === "string" && hops < 16; hops++) {
    thing = thing.$ref.slice(2).split("/").reduce(
      (at, part) => at && at[part.replace(/~1/g, "/").replace(/~0/g, "~")], doc);
  }
  return thing;
}

function refName(thing) {
  return thing && typeof thing.$ref === "string" ? thing.$ref.split("/").pop() : "";
}

/* Every operation: {id, method, path, tag, operation, parameters}. */
function operationsOf(doc) {
  const found = [];
  for (const [path, item] of Object.entries(doc.paths || {})) {
    for (const method of ["get", "post", "put", "patch", "delete"]) {
      const operation = item[method];
      if (!operation) continue;
      const parameters = (operation.parameters || []).map((parameter) => resolve(doc, parameter));
      found.push({id: operation.operationId, method, path, tag: (operation.tags || [""])[0], operation, parameters});
    }
  }
  return found;
}

/* [{name, tags: [{name, description, operations}]}] in the document's order; what has no group comes last. */
function groupsOf(doc) {
  const operations = operationsOf(doc);
  const described = new Map((doc.tags || []).map((tag) => [tag.name, tag.description || ""]));
  const groups = (doc["x-tagGroups"] || []).map((group) => ({name: group.name, tags: group.tags}));
  const grouped = new Set(groups.flatMap((group) => group.tags));
  const rest = [...new Set(operations.map((operation) => operation.tag))].filter((tag) => !grouped.has(tag));
  if (rest.length > 0) groups.push({name: "others", tags: rest});
  return groups.map((group) => ({
    name: group.name,
    tags: group.tags.map((name) => ({
      name, description: described.get(name) || "", operations: operations.filter((operation) => operation.tag === name),
    })),
  }));
}

function bodyOf(doc, operation) {
  const content = (resolve(doc, operation.requestBody) || {}).content || {};
  return content["application/json"];
}

/* Does it need a token? */
function isGuarded(doc, operation) {
  return (operation.security || doc.security || []).length > 0;
}

/* What is to be sent: {url, method, headers, body}. values: by "in name". */
function requestOf(doc, entry, values, body, token) {
  const headers = {}, query = [];
  let url = entry.path;
  for (const parameter of entry.parameters) {
    const value = values[parameter.in + " " + parameter.name];
    if (value === undefined || value === "") continue;
    if (parameter.in === "path") {
      url = url.split("{" + parameter.name + "}").join(parameter["x-fluvius-raw"] ? value : encodeURIComponent(value));
    } else if (parameter.in === "query") query.push(encodeURIComponent(parameter.name) + "=" + encodeURIComponent(value));
    else if (parameter.in === "header") headers[parameter.name] = value;
  }
  if (query.length > 0) url += "?" + query.join("&");
  if (token && isGuarded(doc, entry.operation)) headers.Authorization = "Bearer " + token;
  const request = {url, method: entry.method.toUpperCase(), headers};
  if (body !== undefined && body.trim() !== "") {
    headers["Content-Type"] = "application/json";
    request.body = body;
  }
  return request;
}

/* The same for a shell. The token is not shown. */
function curlOf(request, origin) {
  const quote = (text) => "'" + text.replace(/'/g, "'\\''") + "'";
  const words = ["curl -i"];
  if (request.method !== "GET") words.push("-X " + request.method);
  for (const [name, value] of Object.entries(request.headers)) {
    words.push(name === "Authorization" ? '-H "Authorization: Bearer $TOKEN"' : "-H " + quote(name + ": " + value));
  }
  if (request.body !== undefined) words.push("--data-raw " + quote(request.body));
  words.push(quote(origin + request.url));
  return words.join(" ");
}

/* ---- schemas in words ---- */

function typeOf(doc, schema) {
  const name = refName(schema);
  const plain = resolve(doc, schema) || {};
  if (plain.const !== undefined) return JSON.stringify(plain.const);
  if (plain.enum) return plain.enum.map((value) => JSON.stringify(value)).join(" | ");
  let type = Array.isArray(plain.type) ? plain.type.join(" or ") : plain.type || (name ? "" : "any");
  if (plain.type === "array") type = "list of " + typeOf(doc, plain.items || {});
  return name && plain.type !== "array" ? name : type + (plain.format ? " (" + plain.format + ")" : "");
}

const WORDS = {
  minimum: "at least ", maximum: "at most ", minLength: "length from ", maxLength: "length to ", pattern: "pattern ",
  minItems: "items from ", maxItems: "items to ", minProperties: "entries from ", maxProperties: "entries to ",
  default: "default ", contentEncoding: "", "x-fluvius-minimum": "at least ", "x-fluvius-maximum": "at most ",
  "x-fluvius-min-bytes": "bytes from ", "x-fluvius-max-bytes": "bytes to ", "x-fluvius-scale": "decimals to ",
};

function boundsOf(schema) {
  const bounds = Object.keys(WORDS).filter((key) => schema[key] !== undefined).map((key) =>
    WORDS[key] + (typeof schema[key] === "string" ? schema[key] : JSON.stringify(schema[key])));
  if (schema.uniqueItems) bounds.push("no item twice");
  return bounds.join(", ");
}

/* What can be opened below a schema: [{label, schema, required}]. */
function partsOf(doc, schema) {
  const plain = resolve(doc, schema) || {};
  const required = new Set(plain.required || []);
  const parts = Object.entries(plain.properties || {}).map(([label, inner]) =>
    ({label, schema: inner, required: required.has(label)}));
  for (const key of ["allOf", "anyOf", "oneOf"]) {
    (plain[key] || []).forEach((inner) => {
      if (key === "allOf") parts.push(...partsOf(doc, inner));
      else parts.push({label: (key === "oneOf" ? "one of: " : "any of: ") + ((resolve(doc, inner) || {}).title || ""),
                       schema: inner, required: false});
    });
  }
  if (plain.items) parts.push(...partsOf(doc, plain.items));
  if (plain.additionalProperties && typeof plain.additionalProperties === "object") {
    parts.push({label: "any key", schema: plain.additionalProperties, required: false});
  }
  return parts;
}

/* ---- the page ---- */

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function element(id) {
  return document.getElementById(id);
}

function tell(text, bad) {
  element("news").textContent = text;
  element("news").className = bad ? "bad" : "";
}

function schemaList(doc, schema, depth) {
  return make("ul", {class: "schema"}, ...partsOf(doc, schema).map((part) => schemaItem(doc, part, depth + 1)));
}

/* One field; what is in it is drawn when it is opened. */
function schemaItem(doc, part, depth) {
  const plain = resolve(doc, part.schema) || {};
  const line = [
    make("code", {}, part.label), part.required ? make("strong", {title: "required"}, " *") : "",
    " ", make("span", {class: "dim"}, [typeOf(doc, part.schema), boundsOf(plain)].filter((text) => text).join(", ")),
    part.schema.description || plain.description ? " \u2013 " + (part.schema.description || plain.description) : "",
  ];
  if (partsOf(doc, part.schema).length === 0 || depth > 12) return make("li", {}, ...line);
  const inner = make("details", {}, make("summary", {}, ...line));
  inner.addEventListener("toggle", () => {
    if (inner.open && inner.children.length === 1) inner.append(schemaList(doc, part.schema, depth));
  });
  return make("li", {}, inner);
}

function pretty(value) {
  return make("pre", {tabindex: "0"}, typeof value === "string" ? value : JSON.stringify(value, null, 2));
}

function responseView(doc, status, response) {
  const plain = resolve(doc, response) || {};
  const view = make("details", {}, make("summary", {}, make("strong", {}, status), " " + (plain.description || "")));
  view.addEventListener("toggle", () => {
    if (!view.open || view.children.length > 1) return;
    for (const [name, header] of Object.entries(plain.headers || {})) {
      view.append(make("p", {}, make("code", {}, name), " ", (resolve(doc, header) || {}).description || ""));
    }
    for (const [type, media] of Object.entries(plain.content || {})) {
      view.append(make("p", {class: "dim"}, type));
      if (media.schema) view.append(schemaList(doc, media.schema, 0));
      if (media.example !== undefined) view.append(pretty(media.example));
      const examples = Object.values(media.examples || {}).map((example) => example.value);
      if (examples.length > 0) {
        view.append(make("p", {}, "errcode: ", make("code", {}, examples.map((example) => example.errcode).join(" "))),
                    pretty(examples[0]));
      }
    }
  });
  return view;
}

function parameterInput(entry, parameter, number) {
  const id = entry.id + " " + number;
  const schema = parameter.schema || {};
  const example = parameter.example === undefined ? "" : String(parameter.example);
  const attributes = {id, name: parameter.in + " " + parameter.name, required: parameter.required === true};
  const input = schema.enum
    ? make("select", attributes, ...(parameter.required ? [] : [make("option", {value: ""}, "")]),
           ...schema.enum.map((value) => make("option", {value: String(value)}, String(value))))
    : make("input", {...attributes, placeholder: parameter.required ? "" : example, spellcheck: "false",
                     value: parameter.required ? example : ""});
  return [make("label", {for: id}, make("code", {}, parameter.name), parameter.required ? " *" : ""), input,
          make("span", {class: "doc"}, parameter.in + ". " + (parameter.description || ""))];
}

/* What is in path and query, and below it, folded, the header fields. */
function parameterViews(entry) {
  const inputs = (within) => make("div", {class: "fields"}, ...entry.parameters.flatMap(
    (parameter, number) => within(parameter) ? parameterInput(entry, parameter, number) : []));
  const isHeader = (parameter) => parameter.in === "header";
  return [inputs((parameter) => !isHeader(parameter)), entry.parameters.some(isHeader)
    ? make("details", {}, make("summary", {}, "Header fields"), inputs(isHeader)) : null];
}

function valuesOf(form) {
  const values = {};
  for (const input of form.querySelectorAll(".fields input, .fields select")) values[input.name] = input.value;
  return values;
}

async function answerShow(place, request) {
  const started = performance.now();
  place.replaceChildren(make("p", {class: "dim"}, "Waiting for the answer ..."));
  try {
    const answer = await fetch(request.url, {...request, cache: "no-store", credentials: "omit"});
    const text = await answer.text();
    let body = text;
    if ((answer.headers.get("Content-Type") || "").includes("json")) body = JSON.stringify(JSON.parse(text), null, 2);
    const headers = [...answer.headers].map(([name, value]) => name + ": " + value).join("\n");
    place.replaceChildren(
      make("p", {}, make("strong", {class: answer.ok ? "" : "bad"}, answer.status + " " + answer.statusText),
           make("span", {class: "dim"}, " in " + Math.round(performance.now() - started) + " ms")),
      make("details", {}, make("summary", {}, "Headers"), pretty(headers)), body === "" ? "" : pretty(body));
  } catch (error) {
    place.replaceChildren(make("p", {class: "bad"}, "No answer: " + error.message));
  }
}

function tryView(doc, entry) {
  const media = bodyOf(doc, entry.operation);
  const place = make("div", {role: "status", "aria-live": "polite"});
  const button = make("button", {}, "Send");
  const body = media ? make("textarea", {
    rows: String(Math.min(20, JSON.stringify(media.example || {}, null, 2).split("\n").length + 1)),
    spellcheck: "false", "aria-label": "Body as JSON",
  }) : null;
  if (body) body.value = JSON.stringify(media.example || {}, null, 2);
  const form = make("form", {}, ...parameterViews(entry), body ? make("h4", {}, "Body") : null, body, make("p", {}, button), place);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const request = requestOf(doc, entry, valuesOf(form), body ? body.value : undefined, element("token").value);
    button.disabled = true;
    await answerShow(place, request);
    place.append(make("details", {}, make("summary", {}, "The same with curl"), pretty(curlOf(request, location.origin))));
    button.disabled = false;
  });
  return form;
}

function operationBody(doc, entry) {
  const media = bodyOf(doc, entry.operation);
  const view = make("div", {}, entry.operation.description ? make("p", {}, entry.operation.description) : null,
                    make("h4", {}, "Try it"), tryView(doc, entry));
  if (media && media.schema) view.append(make("h4", {}, "What the body may be"), schemaList(doc, media.schema, 0));
  view.append(make("h4", {}, "Answers"), ...Object.entries(entry.operation.responses || {}).map(
    ([status, response]) => responseView(doc, status, response)));
  return view;
}

function operationView(doc, entry) {
  const view = make("details", {class: "operation", id: entry.id}, make("summary", {},
    make("span", {class: "method " + entry.method}, entry.method.toUpperCase()), " ",
    make("span", {class: "path"}, entry.path), make("span", {class: "dim"}, "  " + (entry.operation.summary || ""))));
  view.dataset.words = [entry.id, entry.path, entry.operation.summary, entry.operation.description].join(" ").toLowerCase();
  view.addEventListener("toggle", () => {
    if (view.open && view.children.length === 1) view.append(operationBody(doc, entry));
  });
  return view;
}

function draw(doc) {
  const contents = [], operations = [];
  for (const group of groupsOf(doc)) {
    contents.push(make("h2", {}, group.name));
    operations.push(make("h2", {}, group.name));
    for (const tag of group.tags) {
      contents.push(make("ul", {}, make("li", {}, make("span", {class: "dim"}, tag.name)), ...tag.operations.map((entry) =>
        make("li", {}, make("a", {href: "#" + encodeURIComponent(entry.id)}, entry.operation.summary || entry.id)))));
      operations.push(make("section", {}, make("h3", {}, tag.name), make("p", {class: "dim"}, tag.description),
                           ...tag.operations.map((entry) => operationView(doc, entry))));
    }
  }
  element("title").textContent = doc.info.title;
  element("contents").replaceChildren(...contents);
  element("operations").replaceChildren(make("p", {}, doc.info.description || ""), ...operations);
  tell(operationsOf(doc).length + " operations, version " + doc.info.version + ".", false);
}

function openLinked() {
  const view = element(decodeURIComponent(location.hash.slice(1)));
  if (!view || !view.matches("details.operation")) return;
  view.open = true;
  view.scrollIntoView();
  view.firstChild.focus();
}

function filterApply() {
  const words = element("filter").value.toLowerCase().split(/\s+/);
  for (const view of document.querySelectorAll("details.operation")) {
    view.classList.toggle("hidden", !words.every((word) => view.dataset.words.includes(word)));
  }
}

async function load() {
  const token = element("token").value;
  try {
    const answer = await fetch("/openapi.json", {headers: token ? {Authorization: "Bearer " + token} : {}});
    const said = await answer.json();
    if (answer.ok) {
      draw(said);
      filterApply();
      openLinked();
    } else {
      tell(answer.status === 401 ? "This platform wants a token: enter one above." : answer.status + ": " + said.errmesg, true);
      if (answer.status === 401) element("token").focus();
    }
  } catch (error) {
    tell("The description cannot be read: " + error.message, true);
  }
}

function start() {
  element("token").value = sessionStorage.getItem("token") || "";
  element("access").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem("token", element("token").value);
    load();
  });
  element("filter").addEventListener("input", filterApply);
  addEventListener("hashchange", openLinked);
  load();
}

if (typeof document !== "undefined") start();
else module.exports = {resolve, operationsOf, groupsOf, requestOf, curlOf, typeOf, boundsOf, partsOf, bodyOf};
