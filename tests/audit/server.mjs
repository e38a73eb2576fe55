// 本地的静态服务器，像真正的主机那样：文本用 gzip，浏览器缓存十分钟（与 GitHub Pages 相同）。
import { createServer } from "node:http";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";

const KINDS = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".xml": "application/xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};
const TEXT = new Set([".html", ".css", ".js", ".json", ".svg", ".txt", ".xml"]);

async function find(site, address) {
  const { pathname } = new URL(address, "http://localhost");
  const file = path.join(site, path.normalize(decodeURIComponent(pathname)));
  const folder = (await stat(file).catch(() => null))?.isDirectory();
  return folder ? path.join(file, "index.html") : file;
}

export async function serve(site) {
  const packed = new Map();
  const server = createServer(async (request, response) => {
    const file = await find(site, request.url);
    const body = await readFile(file).catch(() => null);
    if (body === null) return response.writeHead(404).end();
    const kind = path.extname(file);
    const headers = { "Content-Type": KINDS[kind] ?? "application/octet-stream", "Cache-Control": "max-age=600" };
    if (!TEXT.has(kind)) return response.writeHead(200, headers).end(body);
    if (!packed.has(file)) packed.set(file, gzipSync(body));
    response.writeHead(200, { ...headers, "Content-Encoding": "gzip", Vary: "Accept-Encoding" });
    return response.end(packed.get(file));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { address: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
