"""母进程先导入的东西：工作进程由它分叉，不必各自再导入一遍。"""

import gc
import importlib
import os
import threading

for _name in os.environ.get("DLNOTES_PRELOAD", "").split():
    importlib.import_module(_name)

import dlnotes_site.run.execute  # noqa: E402, F401
from dlnotes_site.run.provenance import machine  # noqa: E402

machine()

if "matplotlib" in os.environ.get("DLNOTES_PRELOAD", ""):
    import matplotlib as mpl

    mpl.use("Agg")

if "tqdm" in os.environ.get("DLNOTES_PRELOAD", ""):
    from tqdm import tqdm

    tqdm.set_lock(threading.RLock())  # 缺省的锁跨进程，每个进程都要建一个、收一个

gc.collect()
gc.freeze()  # 分叉之后，垃圾回收不去碰这些对象，内存页就不必复制
