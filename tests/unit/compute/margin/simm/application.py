"""Open Source Risk Engine as an application: unlike its classes it knows all versions and currencies."""

import warnings
from collections.abc import Mapping
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the binding's own types have no module
    import ORE

RATES = {"EUR": 1.25, "BRL": 0.2, "ARS": 0.004}  # USD for one unit
_DAY = "2020-12-28"
_SETUP = {
    "asofDate": _DAY,
    "logFile": "log.txt",
    "logMask": "0",
    "marketDataFile": "market.txt",
    "fixingDataFile": "",
    "portfolioFile": "",
    "curveConfigFile": "curves.xml",
    "conventionsFile": "conventions.xml",
    "marketConfigFile": "market.xml",
}
_ANALYTIC = {"active": "Y", "crif": "crif.csv", "resultCurrency": "USD", "enforceIMRegulations": "N"}
_LEVEL = ("ProductClass", "RiskClass", "MarginType", "Bucket")


def totals(
    folder: Path, text: str, *, version: str, mpor_days: int, currency: str = "USD"
) -> Mapping[tuple[str, str], float]:
    """Return the margin of each side and netting set in USD, computed in an empty folder."""
    analytic = {**_ANALYTIC, "version": version, "mporDays": str(mpor_days), "calculationCurrency": currency}
    setup = {**_SETUP, "inputPath": str(folder), "outputPath": str(folder)}
    _write(folder, text, _input(setup, analytic))
    parameters = ORE.Parameters()
    parameters.fromFile(str(folder / "ore.xml"))
    application = ORE.OREApp(parameters, False)
    application.run()
    report = application.getReport("simm")
    titles = [report.header(column) for column in range(report.columns())]
    margins = report.dataAsReal(titles.index("InitialMargin"))
    names = {title: report.dataAsString(titles.index(title)) for title in (*_LEVEL, "SimmSide", "Portfolio")}
    return {
        (side.lower(), netting_set): margin
        for *level, side, netting_set, margin in zip(*names.values(), margins, strict=True)
        if set(level) == {"All"} and netting_set != "All"
    }


def _write(folder: Path, text: str, given: str) -> None:
    pairs = "".join(f'<FxSpot pair="{name}USD">FX/{name}/USD</FxSpot>' for name in RATES)
    day = _DAY.replace("-", "")
    files = {
        "crif.csv": text,
        "ore.xml": given,
        "market.txt": "".join(f"{day} FX/RATE/{name}/USD {rate}\n" for name, rate in RATES.items()),
        "market.xml": '<TodaysMarket><Configuration id="default"><FxSpotsId>default</FxSpotsId></Configuration>'
        f'<FxSpots id="default">{pairs}</FxSpots></TodaysMarket>',
        "curves.xml": "<CurveConfiguration></CurveConfiguration>",
        "conventions.xml": "<Conventions></Conventions>",
    }
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")


def _input(setup: Mapping[str, str], analytic: Mapping[str, str]) -> str:
    inner = f'<Analytic type="simm">{_listed(analytic)}</Analytic>'
    return f"<ORE><Setup>{_listed(setup)}</Setup><Markets></Markets><Analytics>{inner}</Analytics></ORE>"


def _listed(values: Mapping[str, str]) -> str:
    return "".join(f'<Parameter name="{name}">{value}</Parameter>' for name, value in values.items())
