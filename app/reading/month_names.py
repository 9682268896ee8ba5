"""Names of months in the languages in which tables are often written."""

_NAMES = (
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber maerz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "januari februari maart april mei juni juli augustus september oktober november december",
)
#: Short names other than the first three letters.
_SHORT = (
    *(("sept", 9), ("janv", 1), ("févr", 2), ("fevr", 2), ("avr", 4), ("juil", 7), ("mrt", 3)),
    *(("fevrier", 2), ("aout", 8), ("decembre", 12), ("marco", 3)),
)
#: Names whose first three letters are those of another month, too.
_NOT_SHORTENED = frozenset({"juin", "juillet"})
#: Name in lower case -> month, from 1.
MONTHS = {
    **{
        short: number
        for names in _NAMES
        for number, name in enumerate(names.split(), start=1)
        for short in ((name,) if name in _NOT_SHORTENED else (name, name[:3]))
    },
    **dict(_SHORT),
}
