// SPDX-License-Identifier: GPL-2.0-only
// The search of the site that "make html" makes. "site_pages" comes from text.js:
// [address, title, text] of each page. Pages with the words in the title come first
"use strict";
(() => {
	const input = document.getElementById("search"), list = document.getElementById("found");
	const root = document.currentScript.src.replace(/[^/]*$/, "");
	let loading;

	const load = () => loading ||= new Promise((done, failed) => {
		const script = document.createElement("script");
		script.src = root + "text.js";
		script.onload = done;
		script.onerror = failed;
		document.head.append(script);
	});

	const around = (text, at) => {
		const from = Math.max(0, at - 50);
		return (from ? "... " : "") + text.slice(from, at + 90) + " ...";
	};

	const show = async () => {
		const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
		await load();
		list.replaceChildren();
		if (!words.length)
			return;
		const found = [];
		for (const [address, title, text] of site_pages) {
			const low = text.toLowerCase(), head = title.toLowerCase();
			if (!words.every(word => low.includes(word) || head.includes(word)))
				continue;
			const score = words.reduce((sum, word) => sum + low.split(word).length - 1 +
				(head.includes(word) ? 1000 : 0), 0);
			found.push({ address, title, text, score, at: Math.max(0, low.indexOf(words[0])) });
		}
		found.sort((a, b) => b.score - a.score);
		for (const page of found.slice(0, 12)) {
			const item = document.createElement("li"), link = document.createElement("a");
			link.href = root + page.address;
			link.textContent = page.title;
			item.append(link, around(page.text, page.at));
			list.append(item);
		}
		if (!found.length)
			list.append(Object.assign(document.createElement("li"), { textContent: "No page has this." }));
	};
	input.parentElement.hidden = false;
	input.addEventListener("input", show);
})();
