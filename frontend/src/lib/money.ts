/** Millionths of a unit, which the server counts money in. */
const MICROS = 1_000_000;

/** "1,234.50", "0.000012": as many decimals as it has, at least two. */
export function money(micros: number): string {
  return (micros / MICROS).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 6 });
}

/** For an axis: "0.05", "1.2K". */
export function shortMoney(micros: number): string {
  return (micros / MICROS).toLocaleString("en", {
    notation: "compact",
    maximumSignificantDigits: 3,
  });
}
