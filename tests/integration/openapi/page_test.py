#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""The page at /docs: in a browser, by keyboard alone, where there is one; its script's own parts under Node, where there
is one; and everywhere, that it can load nothing from elsewhere."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "http")]
from browser import Browser, browser_path
from platform_under_test import ROOT, Platform, Tap
from web import Web

tap = Tap()
SCRIPT = os.path.join(ROOT, "services", "gateway", "documents", "page.js")
FILES = ("/docs", "/docs/page.js", "/docs/page.css")


# ---- everywhere ----

def check_closed(web):
    """Nothing from elsewhere, and nothing that a description could smuggle in."""
    page, script, style = [web.get(path) for path in FILES]
    policy = page.fields.get("content-security-policy", "")
    tap.check("default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy,
              "the page's policy allows only what it has itself", policy)
    kinds = [answer.fields["content-type"].split(";")[0] for answer in (page, script, style)]
    tap.check(kinds == ["text/html", "text/javascript", "text/css"], "its files have their types", kinds)
    html = page.body.decode()
    tap.check(set(re.findall(r'(?:src|href)="([^"#]*)', html)) <= {*FILES, "/openapi.json", "/asyncapi.json", "data:,", ""},
              "it loads its own files alone", html)
    tap.check(not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", html), "nothing stands inline", html)
    bad = re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|https?://",
                     script.body.decode() + style.body.decode())
    tap.check(not bad, "texts cannot become markup or code", bad)
    tap.check(len(page.body) + len(script.body) + len(style.body) < 40000, "it is small")
    same = web.ask("GET", "/docs/page.js", fields={"If-None-Match": script.fields["etag"]})
    tap.check(same.status == 304 and not same.body, "304 to who has it", same)


# ---- under Node ----

def check_parts(document):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(document, file)
        file.flush()
        outcome = subprocess.run(["node", os.path.join(HERE, "page_parts.js"), SCRIPT, file.name], capture_output=True,
                                 text=True, check=False)
    tap.check(outcome.returncode == 0, "the script's parts do as they should", outcome.stderr)


# ---- in a browser ----

def tab_to(browser, condition):
    """Goes on with the Tab key until what has the focus is meant."""
    for _ in range(60):
        if browser.ask(f"(() => {{ const it = document.activeElement; return {condition}; }})()"):
            return True
        browser.press("Tab")
    return False


def check_sending(browser, identifier):
    """An operation that the address names is open and has the focus; from there on by keyboard."""
    view = f"document.getElementById({json.dumps(identifier)})"
    tap.check(browser.wait(f"{view}.open && {view}.firstChild === document.activeElement"),
              "the operation that the address names is open and has the focus")
    tap.check(tab_to(browser, "it.textContent === 'Send'"), "Tab leads to the button that sends")
    browser.press("Enter")
    tap.check(browser.wait(f"{view}.querySelector('[role=status] strong').textContent.startsWith('200')"),
              "the example is answered with 200", browser.ask(f"{view}.querySelector('[role=status]').textContent"))
    tap.check(browser.ask(f"{view}.querySelector('[role=status]').textContent.includes('_etag')"), "the answer is shown")


def check_page(browser, url, document):
    count = sum(1 for item in document["paths"].values() for _ in item)
    browser.open(url + "/docs#command.bank.account.open")
    tap.check(browser.wait("document.querySelectorAll('details.operation').length > 0"), "the page draws the document")
    tap.check(browser.ask("document.querySelectorAll('details.operation').length") == count, "with every operation")
    check_sending(browser, "command.bank.account.open")
    browser.ask("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
    browser.ask("new Promise((done) => setTimeout(done, 0))")
    tap.check(browser.ask("document.body.textContent.includes('Shown on the statement.')"), "schemas are drawn")
    browser.ask("document.getElementById('filter').focus()")
    browser.type("withdraw")
    named = sum("withdraw" in method["operationId"] for item in document["paths"].values() for method in item.values())
    tap.check(browser.wait(f"document.querySelectorAll('details.operation:not(.hidden)').length === {named}"),
              "the filter leaves what it names")
    tap.check(browser.ask("[...document.querySelectorAll('input, select, textarea')].every((it) => "
                          "it.labels.length > 0 || it.getAttribute('aria-label'))"), "everything to fill in has a label")


def check_token(browser, url):
    browser.open(url + "/docs#command.bank.account.open")
    tap.check(browser.wait("document.getElementById('news').textContent.includes('wants a token') && "
                           "document.activeElement.id === 'token'"), "where a token is needed, it is asked for")
    browser.type("s3cret-token")
    browser.press("Enter")
    check_sending(browser, "command.bank.account.open")


def check_quiet(browser, urls):
    elsewhere = [url for url in browser.requests if not url.startswith((*urls, "data:", "about:"))]
    tap.check(not elsewhere, "nothing was asked elsewhere", elsewhere)
    wrong = [text for text in browser.complaints if "401" not in text]
    tap.check(not wrong, "the browser has nothing to complain of", wrong)


def in_browser(path, platform, document):
    with tempfile.NamedTemporaryFile("w", suffix=".tokens") as file, Browser(path) as browser:
        file.write("s3cret-token ada default\n")
        file.flush()
        check_page(browser, platform.http, document)
        with Platform("--token-file", file.name, domains=("bank",)) as guarded:
            check_token(browser, guarded.http)
            check_quiet(browser, (platform.http, guarded.http))


def main():
    with Platform(domains=("bank", "objects")) as platform:
        web = Web(platform.http)
        document = web.get("/openapi.json").json
        check_closed(web)
        if shutil.which("node"):
            check_parts(document)
        else:
            tap.note("the script's parts were not run: there is no node")
        path = browser_path()
        if path:
            in_browser(path, platform, document)
        else:
            tap.note("the page was not drawn: there is no chromium")
    tap.end()


if __name__ == "__main__":
    main()
