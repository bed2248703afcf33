"""Files in the shape of well-known public data sets, with what is known of each.

The rows are made up; separators, headers, missing values and spellings are those of the originals.
"""

import itertools
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PublicFile:
    """A file, and what a reader of it should find.

    lines: of the file. kinds: the kind of each column. named: the names of the features, with bars
    between them if one has a blank. target: the name of the target. values: those of the target, in
    the order of the rows, as written in the file. task: that suits the target. rows: their number.
    options: of the dataset section.
    """

    lines: list[str]
    kinds: str
    named: str
    target: str
    values: list[str]
    task: str
    rows: int
    options: dict = field(default_factory=dict)

    @property
    def features(self):
        return tuple(self.named.split("|" if "|" in self.named else " "))

    def write(self, path):
        path.write_text("".join(f"{line}\n" for line in self.lines), encoding="utf-8")


ADULT = [
    f"{25 + 7 * i % 40}, {work}, {77516 + 1009 * (i * i % 23)}, {school}, {5 + i % 9}, {sex}, "
    f"{hours}, {country}, {income}"
    for i, work, school, sex, hours, country, income in zip(
        range(24),
        itertools.cycle(["Private", "State-gov", "?", "Private"]),
        itertools.cycle(["Bachelors", "HS-grad", "11th"]),
        itertools.cycle(["Male", "Female"]),
        itertools.cycle([40, 13, 45, 50, 38]),
        itertools.cycle(["United-States", "Cuba", "United-States"]),
        itertools.cycle(["<=50K", "<=50K", ">50K"]),
        strict=False,
    )
]
AUTO_MPG = [
    f"{18 + i % 11 + 0.1 * (i % 3):.1f}   {4 + 2 * (i % 3)}   {97.0 + i:.1f}      "
    f"{'?' if i == 4 else f'{88 + 3 * (i * i % 13):.1f}'}      {2130 + 61 * i % 900}.      "
    f'{12 + i % 7:.1f}   {70 + i % 12}  {1 + i % 3}\t"{make} {i}"'
    for i, make in zip(range(26), itertools.cycle(["ford torino", "toyota corona"]), strict=False)
]
ABALONE = [
    f"{sex},{0.2 + 0.013 * i:.3f},{0.15 + 0.011 * i:.3f},{0.09 + 0.003 * (i * i % 17):.3f},{5 + i}"
    for i, sex in zip(range(30), itertools.cycle("MFI"), strict=False)
]
WINE = ['"fixed acidity";"pH";"alcohol";"quality"'] + [
    f"{7 + 0.1 * (i * i % 31):.1f};{3 + 0.01 * (i % 27):.2f};{9 + 0.2 * (i % 13):.1f};{5 + i % 3}"
    for i in range(36)
]
HOUSING = [
    f" {0.00632 * (1 + i * i % 19):.5f}  {18 * (i % 3):.2f}   {2.31 + i % 5:.2f}  {i % 2}  "
    f"{0.4 + 0.011 * (i % 23):.4f}  {20 + 0.7 * (i * i % 29):.2f}"
    for i in range(32)
]
GERMAN = [
    f"A1{1 + i % 4} {6 + 3 * (i * i % 13)} A3{i % 5} {1169 + 331 * (i * i % 37)} {1 + i % 2}"
    for i in range(40)
]
WISCONSIN = [
    f"{1000025 + 7919 * (i * i % 41)},{1 + i % 9},{1 + i * i % 7},"
    f"{'?' if i in (5, 9) else 1 + i % 10},"
    f"{2 + 2 * (i % 3 == 0)}"
    for i in range(40)
]
HEART = [
    f"{29.0 + i},{i % 2}.0,{1 + i % 4}.0,{130 + i * i % 47}.0,"
    f"{'?' if i == 7 else f'{i % 4}.0'},{i % 5}"
    for i in range(35)
]
TITANIC = ["PassengerId,Survived,Pclass,Name,Sex,Age,Ticket,Fare,Embarked"] + [
    f'{i + 1},{i % 2},{1 + i % 3},"Braund, Mr. Owen {chr(65 + i % 26)}{chr(97 + i)}",'
    f"{'male' if i % 3 else 'female'},{'' if i % 6 == 5 else 20 + i % 31},A/5-{21171 + 13 * i},"
    f"{7.25 + i % 9},{'SCQ'[i % 3]}"
    for i in range(26)
]

FILES = {
    "adult.data": PublicFile(
        ADULT,
        "number category number category number category number category category",
        "x0 x1=Private x1=State-gov x2 x3=11th x3=Bachelors x3=HS-grad x4 x5=Female x5=Male x6 "
        "x7=Cuba x7=United-States",
        "x8",
        ["<=50K", "<=50K", ">50K"] * 8,
        "classification",
        24,
        {"missing": {"x1": "most_frequent"}},
    ),
    "auto-mpg.data": PublicFile(
        AUTO_MPG,
        "number number number number number number number number",
        "x1 x2 x3 x4 x5 x6 x7",
        "x0",
        [f"{18 + i % 11 + 0.1 * (i % 3):.1f}" for i in range(26)],
        "regression",
        26,
        {"target": 0, "missing": "mean", "ignore": 8},
    ),
    "abalone.data": PublicFile(
        ABALONE,
        "category number number number number",
        "x0=F x0=I x0=M x1 x2 x3",
        "x4",
        [str(5 + i) for i in range(30)],
        "regression",
        30,
    ),
    "winequality-red.csv": PublicFile(
        WINE,
        "number number number number",
        "fixed acidity|pH|alcohol",
        "quality",
        ["5", "6", "7"] * 12,
        "classification",
        36,
    ),
    "housing.data": PublicFile(
        HOUSING,
        "number number number number number number",
        "x0 x1 x2 x3 x4",
        "x5",
        [f"{20 + 0.7 * (i * i % 29):.2f}" for i in range(32)],
        "regression",
        32,
    ),
    "german.data": PublicFile(
        GERMAN,
        "category number category number number",
        "x0=A11 x0=A12 x0=A13 x0=A14 x1 x2=A30 x2=A31 x2=A32 x2=A33 x2=A34 x3",
        "x4",
        ["1", "2"] * 20,
        "classification",
        40,
    ),
    "breast-cancer-wisconsin.data": PublicFile(
        WISCONSIN,
        "number number number number",
        "x1 x2 x3",
        "x4",
        (["4", "2", "2"] * 14)[:40],
        "classification",
        40,
        {"ignore": 0, "missing": "median"},
    ),
    "processed.cleveland.data": PublicFile(
        HEART,
        "number number number number number number",
        "x0 x1 x2 x3 x4",
        "x5",
        [str(i % 5) for i in range(35) if i != 7],  # row 7 has a missing value
        "classification",
        34,
        {"missing": "drop"},
    ),
    "titanic.csv": PublicFile(
        TITANIC,
        "identifier number number category number identifier number category",
        "Pclass Sex=female Sex=male Age Age.missing Fare Embarked=C Embarked=Q Embarked=S",
        "Survived",
        ["0", "1"] * 13,
        "classification",
        26,
        {"target": "Survived", "ignore": "Name", "missing": {"Age": "indicator"}},
    ),
}
