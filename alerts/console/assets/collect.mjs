// What of the npm packages is served goes beside our own: `npm ci` and `make assets` call this.
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const PACKAGES = join(HERE, "..", "..", "..", "node_modules");
const SERVED = {
  "simpledotcss/simple.min.css": "simple.css",
  "simpledotcss/LICENSE": "simple.LICENSE.txt",
  "htmx.org/dist/htmx.min.js": "htmx.js",
  "htmx.org/LICENSE": "htmx.LICENSE.txt",
  "htmx-ext-sse/dist/sse.min.js": "htmx-sse.js",
  "htmx-ext-sse/LICENSE": "htmx-sse.LICENSE.txt",
};

mkdirSync(join(HERE, "vendor"), { recursive: true });
for (const [from, to] of Object.entries(SERVED)) {
  copyFileSync(join(PACKAGES, from), join(HERE, "vendor", to));
}
