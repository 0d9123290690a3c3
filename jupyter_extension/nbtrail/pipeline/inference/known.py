"""Functions that read and write files, by name: what the interpreter takes for granted."""

from __future__ import annotations

#: Files that libraries open themselves, past Python's `open`, whoever asks them to.
NATIVE_SUFFIXES = (
    ".parquet", ".feather", ".arrow", ".ipc", ".h5", ".hdf5", ".nc", ".zarr", ".db", ".sqlite",
    ".sqlite3", ".duckdb", ".pt", ".pth", ".safetensors", ".onnx", ".tif", ".tiff", ".shp",
    ".gpkg", ".keras", ".cbm", ".orc", ".fst", ".rds", ".rda",
)  # fmt: skip
#: Libraries that open all their files so.
NATIVE_LIBRARIES = frozenset(
    """polars pyarrow duckdb sqlite3 h5py tables netCDF4 xarray cv2 rasterio fiona geopandas
    pyogrio torch torchaudio torchvision tensorflow keras lightgbm xgboost catboost soundfile
    fasttext faiss vaex safetensors pyspark""".split()
)
#: Calls that do, whatever the file is called.
NATIVE_CALLS = frozenset(
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
    scan_ndjson read_ndjson loadtxt genfromtxt fromfile imread loadmat open_dataset
    open_mfdataset open_zarr load_workbook load_model load_weights load_learner load_from_disk
    read_text read_bytes ExcelFile load_word2vec_format from_csv from_file from_parquet
    ParquetFile VideoCapture load_file load_svmlight_file""".split()
)
#: Calls that write it.
WRITERS = frozenset(
    """to_csv to_parquet to_feather to_pickle to_json to_excel to_hdf to_stata to_orc to_xml
    to_file to_netcdf to_zarr to_disk savefig imsave imwrite savetxt savemat write_csv
    write_parquet write_ipc write_ndjson write_excel write_html write_image write_json write_gml
    write_graphml write_gexf write_edgelist write_table write_feather write_text write_bytes
    ExcelWriter save_model save_weights save_pretrained save_to_disk to_gbq_file sink_parquet
    sink_csv urlretrieve download_file dump_svmlight_file save_npz export_graphviz tofile
    ParquetWriter write_to_dataset write_dataset VideoWriter ModelCheckpoint CSVLogger save_file
    writeto""".split()
)
#: Readers and writers known by their full name alone: their last word means many things.
READERS_BY_NAME = frozenset(
    {"PIL.Image.open", "spacy.load", "pyarrow.dataset.dataset", "fileinput.input",
     "xml.etree.ElementTree.parse", "lxml.etree.parse", "lightgbm.Booster", "xgboost.Booster"}
)  # fmt: skip
#: Writers whose object comes first and whose path comes second, by their full name.
SECOND_BY_NAME = frozenset(
    {"torch.save", "joblib.dump", "pickle.dump", "cloudpickle.dump", "dill.dump", "json.dump",
     "yaml.dump", "pyarrow.parquet.write_table", "pyarrow.feather.write_feather",
     "networkx.write_gml", "networkx.write_graphml", "networkx.write_gexf",
     "networkx.write_edgelist", "urllib.request.urlretrieve", "pandas.to_pickle",
     "pyarrow.csv.write_csv", "pyarrow.parquet.write_to_dataset", "pyarrow.dataset.write_dataset",
     "torch.jit.save", "gdown.download", "wget.download", "nibabel.save"}
)  # fmt: skip
#: And by their last word.
PATH_SECOND = frozenset({"dump", "save_object", "dump_svmlight_file", "urlretrieve", "save_file"})
#: Calls that take in a folder as a whole, by their first path-like argument.
FOLDER_READERS = frozenset(
    """ImageFolder DatasetFolder image_dataset_from_directory text_dataset_from_directory
    audio_dataset_from_directory flow_from_directory flow_from_dataframe load_files
    read_10x_mtx read_visium from_directory from_folder DirectoryLoader
    PlaintextCorpusReader CategorizedPlaintextCorpusReader""".split()
)
#: Calls that read a folder or file of the project, or something by that name from elsewhere.
MAYBE_READERS = frozenset({"from_pretrained", "SentenceTransformer"})
#: Calls that look like readers or writers by their prefix and touch no file by a path.
NEITHER = frozenset(
    """read_sql read_sql_query read_sql_table read_gbq read_clipboard to_sql to_gbq to_clipboard
    to_dict to_numpy to_datetime to_numeric to_list to_frame to_timedelta to_categorical
    load_ext load_extension loads dumps to_device load_state_dict load_dotenv read_until
    load_iris load_wine load_digits load_diabetes load_breast_cancer save_state""".split()
)
#: Formats behind Spark's ``read`` and ``write``: ``spark.read.csv``, ``df.write.parquet``.
SPARK_FORMATS = frozenset("csv parquet json orc text load save".split())
#: Keywords that name a file, the likeliest first.
PATH_KEYWORDS = (
    "path", "filepath_or_buffer", "path_or_buf", "path_or_buffer", "excel_writer", "filepath",
    "filename", "file_name", "fname", "file", "fp", "io", "f", "buf", "out_file", "data_files",
    "model_file", "output_path", "save_path", "source", "where", "root_path", "base_dir",
    "directory", "output", "out", "data_dir", "root",
)  # fmt: skip
#: Calls that open a file by path and mode.
OPENERS = frozenset(
    {"open", "io.open", "gzip.open", "bz2.open", "lzma.open", "codecs.open", "builtins.open",
     "h5py.File", "zipfile.ZipFile", "tarfile.open", "tarfile.TarFile", "netCDF4.Dataset",
     "rasterio.open", "pandas.HDFStore", "wave.open", "smart_open.open", "fsspec.open",
     "shelve.open", "gzip.GzipFile", "bz2.BZ2File", "fiona.open", "tables.open_file",
     "astropy.io.fits.open", "numpy.memmap", "safetensors.safe_open", "pyarrow.memory_map",
     "pyarrow.OSFile", "pyarrow.input_stream", "pyarrow.output_stream"}
)  # fmt: skip
#: Their modes where none is given.
DEFAULT_MODES = {"pandas.HDFStore": "a", "shelve.open": "c", "pyarrow.output_stream": "w"}
#: Where the mode stands, when it is not the second argument; none at all: -1.
MODE_PLACES = {
    "numpy.memmap": 2, "safetensors.safe_open": -1, "pyarrow.input_stream": -1,
    "pyarrow.output_stream": -1,
}  # fmt: skip
#: Endings that a writer adds to the name it is given.
ADDED_SUFFIX = {
    "numpy.save": ".npy", "numpy.savez": ".npz", "numpy.savez_compressed": ".npz",
}  # fmt: skip
#: Calls that fetch something from the web.
FETCHERS = frozenset({"get", "post", "request", "urlopen", "urlretrieve", "retrieve", "download"})
REMOTE = ("http://", "https://", "ftp://", "s3://", "gs://", "hdfs://", "abfs://")
READ_PREFIXES = ("read", "load", "scan_", "open_", "imread", "from_csv", "from_parquet", "import_")
WRITE_PREFIXES = ("to_", "save", "write", "dump", "export", "imwrite", "imsave", "store_")
#: What IPython's shell is asked to do from code: `get_ipython().system("…")`.
SHELL_METHODS = frozenset({"system", "getoutput", "run_line_magic", "run_cell_magic", "magic"})
#: Calls that hand each item of a list to the function in front of it.
MAPPERS = frozenset("map imap imap_unordered starmap submit process_map thread_map".split())
