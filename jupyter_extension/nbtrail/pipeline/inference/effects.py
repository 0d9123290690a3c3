"""Which calls read and write files, and in which argument the path stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nbtrail.pipeline.inference.values import (
    HOLE,
    External,
    Handle,
    PathValue,
    Unknown,
    Value,
    options_of,
)

Mode = Literal["read", "write"]

#: Files that libraries open themselves, past Python's `open`, whoever asks them to.
NATIVE_SUFFIXES = (
    ".parquet", ".feather", ".arrow", ".ipc", ".h5", ".hdf5", ".nc", ".zarr", ".db", ".sqlite",
    ".sqlite3", ".duckdb", ".pt", ".pth", ".safetensors", ".onnx", ".tif", ".tiff", ".shp",
    ".gpkg", ".keras", ".cbm", ".orc", ".fst", ".rds", ".rda",
)  # fmt: skip
#: Libraries that open all their files so.
_NATIVE_LIBRARIES = frozenset(
    """polars pyarrow duckdb sqlite3 h5py tables netCDF4 xarray cv2 rasterio fiona geopandas
    pyogrio torch torchaudio torchvision tensorflow keras lightgbm xgboost catboost soundfile
    fasttext faiss vaex""".split()
)
#: Calls that do, whatever the file is called.
_NATIVE_CALLS = frozenset(
    """read_parquet to_parquet read_feather to_feather read_orc to_orc read_hdf to_hdf HDFStore
    write_csv write_parquet write_ipc write_ndjson write_avro read_ipc read_ndjson read_avro
    scan_csv scan_parquet scan_ipc scan_ndjson sink_csv sink_parquet sink_ipc sink_ndjson
    open_dataset open_mfdataset open_zarr to_netcdf to_zarr imread imwrite read_file to_file
    load_model save_model load_weights save_weights load_from_disk save_to_disk""".split()
)

#: Calls that read the file named by their first path-like argument, whatever it is called.
READERS = frozenset(
    """read_csv read_table read_parquet read_feather read_pickle read_json read_excel read_hdf
    read_stata read_sas read_spss read_fwf read_orc read_xml read_file read_ipc read_avro
    read_edgelist read_gml read_graphml read_gexf read_adjlist scan_csv scan_parquet scan_ipc
    scan_ndjson read_ndjson loadtxt genfromtxt fromfile memmap imread loadmat open_dataset
    open_mfdataset open_zarr load_workbook load_model load_weights load_learner load_from_disk
    read_text read_bytes ExcelFile load_word2vec_format from_csv from_file""".split()
)
#: Calls that write it.
WRITERS = frozenset(
    """to_csv to_parquet to_feather to_pickle to_json to_excel to_hdf to_stata to_orc to_xml
    to_file to_netcdf to_zarr to_disk savefig imsave imwrite savetxt savemat write_csv
    write_parquet write_ipc write_ndjson write_excel write_html write_image write_json write_gml
    write_graphml write_gexf write_edgelist write_table write_feather write_text write_bytes
    ExcelWriter save_model save_weights save_pretrained save_to_disk to_gbq_file sink_parquet
    sink_csv urlretrieve download_file dump_svmlight_file save_npz export_graphviz""".split()
)
#: Calls that look like readers or writers by their prefix and touch no file by a path.
NEITHER = frozenset(
    """read_sql read_sql_query read_sql_table read_gbq read_clipboard to_sql to_gbq to_clipboard
    to_dict to_numpy to_datetime to_numeric to_list to_frame to_timedelta to_categorical
    load_ext load_extension loads dumps to_device load_state_dict load_dotenv read_until
    load_iris load_wine load_digits load_diabetes load_breast_cancer save_state""".split()
)
#: Writers whose object comes first and whose path comes second.
_PATH_SECOND = frozenset({"dump", "save_object", "dump_svmlight_file", "urlretrieve", "to_pickle_"})
_SECOND_BY_NAME = frozenset(
    {"torch.save", "joblib.dump", "pickle.dump", "cloudpickle.dump", "dill.dump", "json.dump",
     "yaml.dump", "pyarrow.parquet.write_table", "pyarrow.feather.write_feather",
     "networkx.write_gml", "networkx.write_graphml", "networkx.write_gexf",
     "networkx.write_edgelist", "scipy.sparse.save_npz_", "urllib.request.urlretrieve",
     "pandas.to_pickle"}
)  # fmt: skip
_PATH_KEYWORDS = (
    "path", "filepath_or_buffer", "path_or_buf", "path_or_buffer", "excel_writer", "filepath",
    "filename", "file_name", "fname", "file", "fp", "io", "f", "buf", "out_file", "data_files",
    "model_file", "output_path", "save_path", "source", "where",
)  # fmt: skip
_OPENERS = frozenset(
    {"open", "io.open", "gzip.open", "bz2.open", "lzma.open", "codecs.open", "builtins.open",
     "h5py.File", "zipfile.ZipFile", "tarfile.open", "tarfile.TarFile", "netCDF4.Dataset",
     "rasterio.open", "pandas.HDFStore", "wave.open", "smart_open.open", "fsspec.open",
     "shelve.open", "gzip.GzipFile", "bz2.BZ2File", "fiona.open", "tables.open_file"}
)  # fmt: skip
_DEFAULT_MODES = {"pandas.HDFStore": "a", "shelve.open": "c"}
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9_]{0,9}(\.(gz|bz2|xz|zst|zip))?$")
_ADDED_SUFFIX = {"numpy.save": ".npy", "numpy.savez": ".npz", "numpy.savez_compressed": ".npz"}
_FETCHERS = frozenset({"get", "post", "request", "urlopen", "urlretrieve", "retrieve", "download"})
_REMOTE = ("http://", "https://", "ftp://", "s3://", "gs://", "hdfs://", "abfs://")
_READ_PREFIXES = ("read", "load", "scan_", "open_", "imread", "from_csv", "from_parquet", "import_")
_WRITE_PREFIXES = ("to_", "save", "write", "dump", "export", "imwrite", "imsave", "store_")


@dataclass(frozen=True, slots=True)
class Effect:
    """One file touched by a call.

    ``weak`` marks a guess that must not accuse anybody, ``unseen`` a file that the probe in the
    kernel does not see opened.
    """

    mode: Mode
    text: str
    weak: bool = False
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call with its evaluated arguments.

    ``name`` is the dotted name where the callee is known, ``method`` its last part, and ``base``
    the value in front of the last dot.
    """

    name: str
    method: str
    base: Value
    arguments: Sequence[Value]
    keywords: Mapping[str, Value]


def is_native(call: Call) -> bool:
    """Whether the call opens its file in a library, past Python's `open`."""
    return call.name.split(".", 1)[0] in _NATIVE_LIBRARIES or call.method in _NATIVE_CALLS


def opens_file(call: Call) -> bool:
    """Whether the call opens a file by path and mode."""
    return call.name in _OPENERS or (call.method == "open" and isinstance(call.base, PathValue))


def open_mode(call: Call) -> str:
    """The mode of a call that `opens_file`."""
    position = 0 if isinstance(call.base, PathValue) else 1
    value: Value = call.keywords.get("mode", call.keywords.get("flag"))
    if value is None and len(call.arguments) > position:
        value = call.arguments[position]
    for option in options_of(value):
        if isinstance(option, str) and option:
            return option
    return _DEFAULT_MODES.get(call.name, "r")


def mode_effects(mode: str, text: str, unseen: bool = False) -> Iterator[Effect]:
    """What opening a file in this mode does; appending reads what was there before."""
    if "+" in mode and not mode.startswith(("w", "x")):
        yield Effect("read", text, True, unseen)
        yield Effect("write", text, False, unseen)
    elif mode[:1] in ("w", "x", "a", "c", "n"):
        yield Effect("write", text, False, unseen)
    else:
        yield Effect("read", text, False, unseen)


def effects_of(call: Call) -> tuple[list[Effect], bool]:
    """Files that a call touches, and whether a path was there that could not be known."""
    direction = _direction(call)
    if direction is None:
        return [], False
    sure = call.method in READERS or call.method in WRITERS or call.name in _ADDED_SUFFIX
    value = _path_argument(call, direction, sure)
    if value is None:
        return [], False
    effects = []
    unresolved = False
    for option in options_of(value):
        if isinstance(option, Unknown):
            unresolved = sure
            continue
        for text in _texts(option):
            if call.name in _ADDED_SUFFIX and not text.endswith(_ADDED_SUFFIX[call.name]):
                text += _ADDED_SUFFIX[call.name]
            if call.method == "savefig" and not _SUFFIX.search(text):
                text += ".png"
            effects.append(Effect(direction, text, not _SUFFIX.search(text), is_native(call)))
    return effects, unresolved


def addresses_of(call: Call) -> Iterator[str]:
    """Web addresses that a call reads from."""
    if call.method in _FETCHERS or call.method.startswith(_READ_PREFIXES):
        for value in [*call.arguments[:2], *call.keywords.values()]:
            for option in options_of(value):
                if isinstance(option, str) and option.startswith(_REMOTE):
                    yield option.replace(HOLE, "*")


def looks_like_path(value: Value, sure: bool = False) -> bool:
    """Whether a value can be the path of a data file."""
    if isinstance(value, PathValue):
        return True
    if not isinstance(value, str) or not value or len(value) > 400 or "\n" in value:
        return False
    if "://" in value and not value.startswith("file://"):
        return False
    if _SUFFIX.search(value) and not value.startswith("."):
        return True
    return sure or ("/" in value.strip("/") and " " not in value and HOLE not in value)


def _direction(call: Call) -> Mode | None:
    method = call.method
    if method in NEITHER or isinstance(call.base, Handle):
        return None
    if method in READERS or call.name in ("PIL.Image.open", "spacy.load"):
        return "read"
    if method in WRITERS or call.name in _ADDED_SUFFIX or call.name in _SECOND_BY_NAME:
        return "write"
    if isinstance(call.base, PathValue):
        return None
    if method.startswith(_READ_PREFIXES):
        return "read"
    if method.startswith(_WRITE_PREFIXES):
        return "write"
    return None


def _path_argument(call: Call, direction: Mode, sure: bool) -> Value | None:
    if isinstance(call.base, PathValue) and call.method in (
        "read_text", "read_bytes", "write_text", "write_bytes"
    ):  # fmt: skip
        return call.base
    for keyword in _PATH_KEYWORDS:
        if keyword in call.keywords and _may_be_path(call.keywords[keyword], sure):
            return call.keywords[keyword]
    positions = [0, 1]
    if direction == "write" and (call.method in _PATH_SECOND or call.name in _SECOND_BY_NAME):
        positions = [1]
    elif sure and not isinstance(call.base, External) and direction == "write":
        positions = [0]
    candidates = [call.arguments[i] for i in positions if i < len(call.arguments)]
    for value in candidates:
        if _may_be_path(value, sure=False):
            return value
    if sure and candidates:
        first = candidates[0]
        if isinstance(first, Unknown) or _may_be_path(first, sure=True):
            return first
    return None


def _may_be_path(value: Value, sure: bool) -> bool:
    for option in options_of(value):
        if isinstance(option, (list, tuple)):
            if any(looks_like_path(entry, sure) for entry in option):
                return True
        elif looks_like_path(option, sure):
            return True
    return False


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, PathValue):
        yield value.text
    elif isinstance(value, str):
        if looks_like_path(value, sure=True):
            yield value.removeprefix("file://")
    elif isinstance(value, (list, tuple)):
        for entry in value:
            yield from _texts(entry)
