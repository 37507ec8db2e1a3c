"""Legal periods, computed a second time and in another way than the service does: day by day over
Python's calendar and the system's time zones. Nothing here is shared with the C code."""

import calendar
import datetime as dt
from zoneinfo import ZoneInfo

ZONES = {
    "971": "America/Guadeloupe", "972": "America/Martinique", "973": "America/Cayenne", "974": "Indian/Reunion",
    "975": "America/Miquelon", "976": "Indian/Mayotte", "977": "America/St_Barthelemy", "978": "America/Marigot",
    "984": "Indian/Kerguelen", "986": "Pacific/Wallis", "987": "Pacific/Tahiti", "988": "Pacific/Noumea",
}  # fmt: skip
ABOLITION = {"976": (4, 27), "972": (5, 22), "971": (5, 27), "973": (6, 10), "977": (10, 9), "974": (12, 20)}
MONTHS = {"silence-rejet": 2, "silence-acceptation": 2, "recours-contentieux": 2, "recours-administratif": 2,
          "retrait": 4, "abrogation": 4, "motifs": 1, "label": 36, "renouvellement-12": -12, "renouvellement-9": -9,
          "renouvellement-6": -6, "donnees-prospect": 36}  # fmt: skip
DAYS = {"accuse-reception": 10, "consultation": 15, "convocation": -5, "observations": 15}


def day(text):
    return dt.date.fromisoformat(text)


def add_months(start, months):
    """Month by month, so that only the last one is cut to its length."""
    year, month = start.year, start.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month in (0, 13):
            year, month = (year - 1, 12) if month == 0 else (year + 1, 1)
    return dt.date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


def easter(year):
    """Meeus, Jones, Butcher."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, number = divmod(h + weekday - 7 * m + 114, 31)
    return dt.date(year, month, number + 1)


def holidays(year, place):
    sunday = easter(year)
    days = {dt.date(year, *d) for d in ((1, 1), (5, 1), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))}
    days |= {sunday + dt.timedelta(n) for n in (1, 39, 50)}
    if year >= 1982:
        days.add(dt.date(year, 5, 8))
    if place in ("57", "67", "68"):
        days |= {sunday - dt.timedelta(2), dt.date(year, 12, 26)}
    if place in ABOLITION and year >= 1983:
        days.add(dt.date(year, *ABOLITION[place]))
    if place == "978" and year >= 1983:
        days.add(dt.date(year, 5, 28 if year >= 2018 else 27))
    return days


def is_off(date, place):
    return date.isoweekday() > 5 or date in holidays(date.year, place)


def local_day(text, place):
    if len(text) == 10:
        return day(text)
    instant = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return instant.astimezone(ZoneInfo(ZONES.get(place, "Europe/Paris"))).date()


def is_overseas(place):
    return place in ZONES


def distance(place, court):
    if place == "etranger":
        return 2
    if is_overseas(court):
        return 0 if place == court else 1
    return 1 if is_overseas(place) else 0


def franc(start, months, place):
    last = add_months(start, months) + dt.timedelta(1)
    while is_off(last, place):
        last += dt.timedelta(1)
    return last


def silence_rejection(start, months, completions):
    due = add_months(start, months)
    for asked in completions:
        requested, end = day(asked["requested"]), day(asked["until"])
        if not asked.get("indispensable", True) or requested > due:
            continue
        if "produced" in asked:
            end = min(end, day(asked["produced"]))
        due += end - requested
    return due


def silence_acceptance(start, months, completions):
    for asked in completions:
        late = day(asked["requested"]) > add_months(start, months)
        if not asked.get("indispensable", True) or late:
            continue
        if "produced" not in asked:
            return None
        start = day(asked["produced"])
    return add_months(start, months)


def court(start, months, place, at, appeals):
    extra = distance(place, at)
    in_time = [a for a in appeals if day(a["sent"]) <= franc(start, months, place)]
    for appeal in in_time:
        implicit = add_months(day(appeal.get("received", appeal["sent"])), 2)
        appeal["over"] = implicit
        if "rejected" in appeal and day(appeal["rejected"]) <= franc(implicit, months + extra, place):
            appeal["over"] = day(appeal["rejected"])
    return franc(max([a["over"] for a in in_time], default=start), months + extra, place)


def last_day(rule, start, place="75", at="75", completions=(), appeals=(), months=None):
    """The last day as a date, or None if the period does not run."""
    start = local_day(start, place)
    months = months or MONTHS.get(rule)
    if rule == "silence-rejet":
        return silence_rejection(start, months, completions)
    if rule == "silence-acceptation":
        return silence_acceptance(start, months, completions)
    if rule == "recours-contentieux":
        return court(start, months, place, at, [dict(a) for a in appeals])
    if rule == "recours-administratif":
        return franc(start, months, place)
    if rule == "enregistrement":
        start += dt.timedelta(1)
        while is_off(start, place):
            start += dt.timedelta(1)
        return start
    return start + dt.timedelta(DAYS[rule]) if rule in DAYS else add_months(start, months)


def ends_at(rule, date, place="75"):
    """24:00 of a day, in UTC."""
    zone = "Europe/Paris" if rule.startswith("silence") else ZONES.get(place, "Europe/Paris")
    midnight = dt.datetime.combine(date + dt.timedelta(1), dt.time(), ZoneInfo(zone))
    return midnight.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
