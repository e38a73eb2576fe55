"""dlnotes.doctor：每一种毛病都造出来一次，看它报得对不对。"""

import importlib.metadata
import subprocess
import sys
import tomllib

import matplotlib as mpl
import pytest
import torch

from conftest import ROOT
from dlnotes import doctor
from dlnotes.doctor import BAD, OK, WARN, Finding, check, main, require, table


def _named(item):
    return next(finding for finding in check() if finding.item == item)


def _missing(monkeypatch, name):
    """让 importlib.metadata 认为没有装 `name`。"""
    version = importlib.metadata.version

    def fake(wanted):
        if wanted == name:
            raise importlib.metadata.PackageNotFoundError(wanted)
        return version(wanted)

    monkeypatch.setattr(importlib.metadata, "version", fake)


def test_check_has_no_errors_here():
    assert [f for f in check() if f.status == BAD] == []


def test_check_gives_advice_exactly_when_not_ok():
    assert all(bool(f.advice) == (f.status != OK) for f in check())


def test_import_does_not_load_torch():
    code = "import sys, dlnotes.doctor; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "src")},
                          check=False).returncode == 0  # fmt: skip


def test_main_prints_table_and_returns_zero(capsys):
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert all(item in printed for item in ("torch", "设备", "线程", "中文字体", "缓存"))


def test_main_returns_one_on_error(monkeypatch, capsys):
    _missing(monkeypatch, "tqdm")
    assert main([]) == 1
    assert "tqdm" in capsys.readouterr().out


def test_main_rejects_unknown_argument(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--nonsense"])
    assert stop.value.code == 2


def test_libraries_match_declared_dependencies():
    # 对照：pyproject.toml
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = doctor._minimums(project["dependencies"])
    assert set(declared) == set(doctor._LIBRARIES)
    assert doctor._declared_in(ROOT / "pyproject.toml") == {"python": "3.11", **declared}


def test_minimums_ignore_extras_and_unbounded():
    lines = ["python>=3.11", "torch >=2.11", "jieba>=0.42; extra == 'site'", "tqdm"]
    assert doctor._minimums(lines) == {"python": "3.11", "torch": "2.11"}


def test_declared_is_empty_for_another_project(tmp_path):
    other = tmp_path / "pyproject.toml"
    assert doctor._declared_in(other) == {}
    other.write_text('[project]\nname = "other"\n')
    assert doctor._declared_in(other) == {}


@pytest.mark.parametrize(
    ("version", "least", "status"),
    [
        ("2.11", "2.11.0", OK),
        ("2.13.0+cpu", "2.11", OK),
        ("2.9.1", "2.11", BAD),  # 按数字比，不按字符比
        ("3.12.0rc1", "3.11", OK),
        ("1.0", None, OK),
    ],
)
def test_version_is_compared_numerically(version, least, status):
    assert doctor._compared("x", version, least, "升级").status == status


def test_package_reported_when_not_installed(monkeypatch):
    _missing(monkeypatch, "dlnotes-zh")
    found = _named("dlnotes-zh")
    assert found.status == WARN
    assert "未安装为包" in found.value


def test_stranger_of_same_name_reported(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "9.9")
    assert [f.status for f in doctor._stranger()] == [WARN]


def test_missing_library_reported(monkeypatch):
    _missing(monkeypatch, "tqdm")
    assert _named("tqdm") == Finding("tqdm", BAD, "没有安装", "运行 python -m pip install tqdm")


def test_broken_library_reported(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)  # import 会抛 ModuleNotFoundError
    found = doctor._library("tqdm", "tqdm", None)
    assert found.status == BAD
    assert "载入失败" in found.value


def test_checks_go_on_without_torch(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main([]) == 1
    printed = capsys.readouterr().out
    assert "查不了" in printed
    assert "缓存" in printed


def test_device_variable_reported_when_wrong(monkeypatch):
    monkeypatch.setenv("DLNOTES_DEVICE", "quantum")
    found = doctor._device()
    assert found.status == BAD
    assert "quantum" in found.value
    assert "DLNOTES_DEVICE" in found.advice


def test_device_variable_named_when_used(monkeypatch):
    monkeypatch.setenv("DLNOTES_DEVICE", "cpu")
    assert doctor._device() == Finding("设备", OK, "CPU，由 DLNOTES_DEVICE 指定")


@pytest.mark.parametrize("failure", [lambda where: False, lambda where: 1 / 0])
def test_device_that_cannot_compute_reported(monkeypatch, failure):
    monkeypatch.setattr(doctor, "_multiplies", failure)
    assert doctor._guarded("设备", doctor._device).status == BAD


def test_gpu_driver_without_gpu_build_reported(monkeypatch):
    monkeypatch.delenv("DLNOTES_DEVICE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/bin/{name}")
    assert doctor._device().status == WARN


def test_threads_reported_when_more_than_cores(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    monkeypatch.setattr(doctor, "_num_cores", lambda: 2)
    assert doctor._threads().status == WARN
    monkeypatch.setattr(doctor, "_num_cores", lambda: 8)
    assert doctor._threads().status == OK


def test_font_check_passes_whatever_the_current_font_and_leaves_it():
    with mpl.rc_context({"font.family": ["DejaVu Sans"]}):
        assert doctor._font().status == OK
        assert mpl.rcParams["font.family"] == ["DejaVu Sans"]


def test_font_reported_when_labels_would_be_boxes(monkeypatch):
    monkeypatch.setattr("dlnotes.plotting.use_chinese", lambda: None)  # 字体没有排上
    with mpl.rc_context({"font.family": ["DejaVu Sans"]}):
        found = doctor._font()
    assert found.status == BAD
    assert "Glyph" in found.value
    assert "重新安装" in found.advice


def test_font_reported_when_its_file_is_missing(monkeypatch):
    def gone():
        raise FileNotFoundError("DLNotesSansSC-Regular.otf")

    monkeypatch.setattr("dlnotes.plotting.use_chinese", gone)
    found = doctor._font()
    assert found.status == BAD
    assert "DLNotesSansSC-Regular.otf" in found.value


def test_cache_reported_when_not_writable(monkeypatch, tmp_path):
    monkeypatch.setattr(mpl, "get_cachedir", lambda: str(tmp_path / "gone"))
    assert doctor._cache().status == WARN


def test_cache_reported_when_temporary(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(mpl, "get_cachedir", lambda: str(tmp_path / "mpl"))
    (tmp_path / "mpl").mkdir()
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    assert doctor._cache().status == WARN
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "mpl"))
    assert doctor._cache().status == OK


def test_table_aligns_columns_and_counts():
    text = table([Finding("中文", OK, "甲"), Finding("ab", BAD, "乙", "怎么办")])
    # 汉字在等宽字体里占两格，所以“中文”后面不补空格，“ab”后面补两个
    assert text.splitlines() == [
        "正常  中文  甲", "错误  ab    乙", f"{' ' * 12}→ 怎么办", "1 项错误",
    ]  # fmt: skip


def test_require_is_silent_when_all_are_installed(capsys):
    require("optuna", "psycopg", "tensorboard", "keras")
    assert capsys.readouterr() == ("", "")


def test_require_says_how_to_install_what_is_missing(monkeypatch):
    absent = ("psycopg", "keras")
    monkeypatch.setattr(doctor.importlib.util, "find_spec",
                        lambda name: None if name in absent else object())  # fmt: skip
    with pytest.raises(ModuleNotFoundError, match=r"另要 psycopg、keras：先运行 python -m pip "
                       r"install psycopg\[binary\] keras") as missing:  # fmt: skip
        require("optuna", "psycopg", "keras")
    assert missing.value.name == "psycopg"
    require("optuna")


def test_require_rejects_what_no_page_needs():
    with pytest.raises(ValueError, match=r"names 应为 optuna、.*收到 \['flask'\]"):
        require("optuna", "flask")
    with pytest.raises(ValueError, match="names 应至少有一个"):
        require()


def test_a_missing_optional_library_is_no_fault(monkeypatch):
    _missing(monkeypatch, "psycopg")
    finding = _named("psycopg")
    assert finding.status == OK
    assert "没有安装（可选" in finding.value
    assert "psycopg[binary]" in finding.value


def test_optional_libraries_are_the_extras_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for name, extra in doctor._OPTIONAL.items():
        assert any(line.startswith(doctor._package_of(name)) for line in extras[extra]), name
