#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# "make html" makes a site that a browser shows without a fault, also as wide as a phone.
# Prints TAP.
# shellcheck disable=SC2031,SC2154 # variables of what is sourced
# shellcheck source=lib.bash
source "${BASH_SOURCE[0]%/*}/lib.bash"
site=$work/site

run "$repo/scripts/html" "$site"
[[ $status -eq 0 && -s $site/index.html ]]
ok $? 'make html makes a site'
(cd "$repo" && find docs -name '*.md') | while read -r page; do
	[[ -s $site/${page%.md}.html ]] || echo "$page"
done >"$work/output"
[[ ! -s $work/output ]]
ok $? 'the site has each page of docs'
(cd "$repo/docs/man" && ls) | while read -r page; do
	[[ -s $site/man/$page.html ]] || echo "$page"
done >"$work/output"
[[ ! -s $work/output && -s $site/man/micro_register_driver.9.html ]]
ok $? 'the site has the manual pages, and one for each function that drivers call'

mkdir "$work/copy"
(cd "$repo" && cp -r --parents -t "$work/copy" ./*.md docs scripts include src/core tools lib packaging LICENSE configfs-examples dts-overlays)
echo '[gone](user-abi.md#no-such-heading)' >>"$work/copy/docs/style.md"
run "$work/copy/scripts/html" "$work/copy-site"
[[ $status -ne 0 && ! -e $work/copy-site ]] && says 'no-such-heading'
ok $? 'a link to a heading that does not exist fails make html, which then makes no site'

mkdir "$work/other"
echo mine >"$work/other/file"
run "$repo/scripts/html" "$work/other"
[[ $status -ne 0 && $(<"$work/other/file") == mine ]]
ok $? 'make html does not replace a folder that has something else in it'

if ! fetch wanted chromium=chromium >/dev/null 2>&1; then
	skip 'a browser shows each page' 'there is no chromium'
	done_testing
	exit
fi
# look SITE: opens each page in a frame as wide as a phone, and prints the faults that it finds
look() {
	python3 - "$1" <<'END'
import functools, http.server, json, pathlib, re, subprocess, sys, tempfile, threading
site = pathlib.Path(sys.argv[1])
pages = sorted(str(p.relative_to(site)) for p in site.rglob("*.html"))
check = """<!DOCTYPE html><meta charset="utf-8"><body><iframe id="f" style="width:360px;height:640px;border:0"></iframe><pre id="r"></pre>
<script>
(async () => {
	const pages = %s, faults = [], f = document.getElementById("f");
	for (const page of pages) {
		await new Promise(done => { f.onload = done; f.src = "/" + page; });
		const d = f.contentDocument, wide = d.documentElement.scrollWidth;
		if (wide > 360)
			faults.push(page + ": is " + wide + " pixels wide on a phone with 360");
		for (const i of d.images)
			if (!i.complete || !i.naturalWidth)
				faults.push(page + ": the picture " + i.src + " is not shown");
		if (!d.querySelector("main").innerText.trim())
			faults.push(page + ": is empty");
	}
	const input = f.contentDocument.getElementById("search");
	const search = async words => {
		input.value = words;
		input.dispatchEvent(new Event("input"));
		for (let i = 0; i < 100 && !f.contentDocument.querySelector("#found li"); i++)
			await new Promise(done => setTimeout(done, 100));
		return [...f.contentDocument.querySelectorAll("#found a")].map(a => new URL(a.href).pathname);
	};
	const found = await search("patience_ms");
	for (const page of ["/docs/user-abi.html", "/man/microkernel.4.html"])
		if (!found.includes(page))
			faults.push("search: patience_ms has not found " + page + " but " + found);
	document.getElementById("r").textContent = faults.join("\\n") + "\\nlooked at " + pages.length;
})();
</script>""" % json.dumps(pages)

class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/check":
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(check.encode())
        else:
            super().do_GET()
    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(site)))
threading.Thread(target=server.serve_forever, daemon=True).start()
with tempfile.TemporaryDirectory() as profile:
    dom = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                          "--user-data-dir=" + profile, "--virtual-time-budget=100000", "--dump-dom",
                          "http://127.0.0.1:%d/check" % server.server_port],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", timeout=600)
found = re.search(r'<pre id="r">(.*?)</pre>', dom.stdout, re.S)
print(found[1].strip() if found else dom.stdout + dom.stderr)
END
}
run look "$site"
[[ $(wc -l <"$work/output") -eq 1 ]] && says "looked at $(find "$site" -name '*.html' | wc -l)"
ok $? 'a browser shows each page with its pictures, none wider than a phone, and finds a word'

done_testing
