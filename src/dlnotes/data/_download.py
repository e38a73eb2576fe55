"""下载文件：有进度条，断了下次接着下，校验和对了才改成正式的名字。"""

import hashlib
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tqdm import tqdm

TIMEOUT = 30  # 秒，多久没有一个字节算断了
BLOCK = 1 << 16


def checksum(path: Path) -> str:
    """文件的 MD5，十六进制。

    Args:
        path: 已有的文件。
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def download_file(path: Path, urls: Sequence[str], md5: str) -> None:
    """把文件下载到 `path`，依次试各个地址；没有成功时 `path` 原样不动。

    没下完的部分留在同目录的 `.part` 文件里，下次从断处继续。

    Args:
        path: 存在哪里；目录不存在就新建。
        urls: 内容相同的若干地址。
        md5: 应有的校验和。

    Raises:
        ConnectionError: 哪个地址都没有下载成功；信息里有每个地址的原因。
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    reasons = []
    for url in urls:
        try:
            _receive(url, part)
        except (OSError, HTTPException) as error:
            reasons.append(f"{url}：{error}")
            continue
        if checksum(part) == md5:
            part.replace(path)
            return
        part.unlink()
        reasons.append(f"{url}：收到的内容校验和不对")
    raise ConnectionError("；".join(reasons))


def _receive(url: str, part: Path) -> None:
    """从 `url` 把内容接到 `part` 后面；服务器不会续传时从头来。"""
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "dlnotes"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        response = urlopen(Request(url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        error.close()
        if error.code != 416 or not have:
            raise
        part.unlink()  # 要续的起点不在文件里：手上的不是这个文件的前一段
        _receive(url, part)
        return
    with response:
        have = have if response.status == 206 else 0
        total = have + int(response.headers.get("Content-Length") or 0)
        _save(response, part, have, total)
    if part.stat().st_size < total:
        raise ConnectionError(f"连接中断，{total} 字节只收到 {part.stat().st_size} 字节")


def _save(response, part: Path, have: int, total: int) -> None:
    options = {"desc": part.stem, "unit": "B", "unit_scale": True, "leave": False}
    bar = tqdm(initial=have, total=total or None, **options)
    with bar, open(part, "ab" if have else "wb") as file:
        while block := response.read(BLOCK):
            file.write(block)
            bar.update(len(block))
