"""Distributions by the names that they are imported under, for imports and locked environments."""

from __future__ import annotations

#: Where the two differ. Several are alternatives: any of them will do.
_DIFFERENT = """
apiclient google-api-python-client
attr attrs
Bio biopython
bs4 beautifulsoup4
cairo pycairo
community python-louvain
Crypto pycryptodome pycrypto
cv2 opencv-python opencv-python-headless opencv-contrib-python opencv-contrib-python-headless
dateutil python-dateutil
decouple python-decouple
docx python-docx
dotenv python-dotenv
faiss faiss-cpu faiss-gpu faiss
fitz pymupdf
git gitpython
google.auth google-auth
grpc grpcio
tensorflow_serving tensorflow-serving-api
google.cloud.bigquery google-cloud-bigquery
google.cloud.storage google-cloud-storage
google.generativeai google-generativeai
google.oauth2 google-auth
google.protobuf protobuf
googleapiclient google-api-python-client
igraph igraph python-igraph
imblearn imbalanced-learn
jose python-jose
jwt pyjwt
kafka kafka-python
ldap python-ldap
Levenshtein levenshtein python-levenshtein
magic python-magic
mpl_toolkits matplotlib
mpl_toolkits.basemap basemap
mysql mysql-connector-python mysql-connector
MySQLdb mysqlclient
nacl pynacl
OpenSSL pyopenssl
osgeo gdal
pandas_profiling pandas-profiling ydata-profiling
PIL pillow pillow-simd
pkg_resources setuptools
pl_bolts lightning-bolts
psycopg2 psycopg2 psycopg2-binary
pylab matplotlib
pytorch_lightning pytorch-lightning lightning
pywt pywavelets
ruamel.yaml ruamel-yaml
serial pyserial
shapefile pyshp
skimage scikit-image
sklearn scikit-learn scikit-learn-intelex
skopt scikit-optimize
slugify python-slugify
snappy python-snappy
snowflake snowflake-connector-python
surprise scikit-surprise
tabula tabula-py
talib ta-lib
telegram python-telegram-bot
tensorflow tensorflow tensorflow-cpu tensorflow-gpu tensorflow-macos tensorflow-intel
umap umap-learn
usb pyusb
wx wxpython
xgboost xgboost xgboost-cpu
yaml pyyaml
zmq pyzmq
"""
#: Where they are the same, but for case and underscores.
_SAME = """
accelerate adjustText agate altair altair_viewer arch autogluon bokeh boto3 bqplot cartopy
catboost category_encoders chart_studio contextily cudf cufflinks dask datasets duckdb einops
eli5 emoji evaluate fastai fastapi fbprophet feather fiona flask flax folium fuzzywuzzy gensim
geopandas geopy graphviz h2o h5py haversine html5lib hyperopt implicit impyute IPython
ipywidgets jax joblib kaleido keras langchain langdetect librosa lifelines lightfm lightgbm
lime lxml matplotlib matplotlib_venn missingno mlflow mlxtend networkx nltk numba numpy openai
openpyxl optuna pandas pandas_datareader patsy peft pingouin plotly plotnine pmdarima polars
praw prophet pyarrow pymc pymongo pypdf PyPDF2 pyproj PyQt5 pyspark pytest rasterio rdkit redis
regex requests sagemaker scipy scrapy seaborn selenium sentence_transformers setuptools shap
shapely sklearn_pandas soundfile spacy sqlalchemy squarify statannot statsmodels streamlit
sympy tensorflow_addons tensorflow_datasets tensorflow_hub tensorflow_probability textblob timm
tokenizers torch torchaudio torchvision tpot tqdm transformers tweepy unidecode vega_datasets
wandb wordcloud xarray ydata_profiling yellowbrick yfinance
"""
#: What a distribution brings along, for lists that name only what was asked for.
_BRINGS = """
bokeh numpy pandas
catboost numpy pandas scipy matplotlib plotly
geopandas pandas shapely pyproj
imbalanced-learn scikit-learn
lightgbm numpy scipy
matplotlib numpy pillow python-dateutil cycler pyparsing packaging
nltk joblib tqdm regex click
pandas numpy python-dateutil pytz tzdata
pandas-profiling pandas
plotly packaging
scikit-image numpy scipy pillow networkx
scikit-learn numpy scipy joblib threadpoolctl
scipy numpy
seaborn matplotlib pandas numpy
statsmodels numpy scipy pandas patsy
tensorflow numpy keras h5py protobuf
transformers numpy requests tqdm pyyaml
umap-learn numpy scipy scikit-learn numba
xgboost numpy scipy
"""


def _table(text: str) -> dict[str, tuple[str, ...]]:
    rows = (line.split() for line in text.strip().splitlines())
    return {name: tuple(others) for name, *others in rows}


#: In normal form, by dotted import name.
DISTRIBUTIONS = {
    **{name: (name.lower().replace("_", "-"),) for name in _SAME.split()},
    **_table(_DIFFERENT),
}
BRINGS = _table(_BRINGS)
