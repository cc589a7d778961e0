/** Millionths of a unit, which the server counts money in. */
const MICROS = 1_000_000;

/** "1,234.50", "0.000012": as many decimals as it has, at least two. */
export function money(micros: number): string {
  return (micros / MICROS).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 6 });
}

/** A sum for readers: "17.83", "0.056", "0.0000012": two decimals, or two digits where that would say too little. */
export function aboutMoney(micros: number): string {
  const units = micros / MICROS;
  const zeros = units > 0 && units < 0.1 ? -Math.ceil(Math.log10(units)) : 0;
  return units.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 + zeros });
}

/** For an axis: "0.05", "0.10", "1.25K". */
export function shortMoney(micros: number): string {
  if (micros === 0) return "0";
  return micros < 1_000 * MICROS
    ? money(micros)
    : (micros / MICROS).toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });
}
