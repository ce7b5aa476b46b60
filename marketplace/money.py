"""Amounts of money, exact to the smallest unit of their currency."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

CENT = Decimal("0.01")
#: No single amount reaches 10¹⁵ yuan; a column of 18 digits holds it with two decimals.
LARGEST = Decimal("999999999999999.99")
YUAN = "CNY"


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in a currency, never unrounded. The currency is its ISO 4217 code."""

    amount: Decimal
    currency: str = YUAN

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError("An amount of money is a Decimal.")
        if self.amount != self.amount.quantize(CENT):
            raise ValueError("Round before making money of it.")

    @classmethod
    def rounded(cls, amount: Decimal, currency: str = YUAN) -> Self:
        """Round half up, the way an invoice does: 0.005 becomes 0.01."""
        return cls(amount.quantize(CENT, ROUND_HALF_UP), currency)

    def __add__(self, other: Self) -> Self:
        if self.currency != other.currency:
            raise ValueError(f"Cannot add {other.currency} to {self.currency}.")
        return type(self)(self.amount + other.amount, self.currency)

    def split(self, *weights: int) -> list[Self]:
        """
        Divide in proportion to `weights` by the largest remainder, so that the parts add up.

        100.00 in three equal parts is 33.34, 33.33 and 33.33; 10,000,000.01 as 60 : 30 : 10 is
        6,000,000.01, 3,000,000.00 and 1,000,000.00. Of equal remainders the first gets the cent.
        """
        cents = int(self.amount / CENT)
        whole = sum(weights)
        parts = [cents * weight // whole for weight in weights]
        by_remainder = sorted(
            range(len(weights)), key=lambda i: cents * weights[i] % whole, reverse=True
        )
        for i in by_remainder[: cents - sum(parts)]:
            parts[i] += 1
        return [type(self)(part * CENT, self.currency) for part in parts]
