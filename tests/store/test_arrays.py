"""Numeric arrays come back bit for bit, whatever is in them."""

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray
from psycopg import ProgrammingError
from sqlalchemy import Engine

from app.store.arrays import ByteStrings, register_arrays

SPECIAL_FLOAT32 = np.array(
    [0x7FC00000, 0x7FA00001, 0xFFC12345, 0x7F800000, 0xFF800000, 0x00000001, 0x80000000],
    dtype=np.uint32,
).view(np.float32)
SPECIAL_FLOAT64 = np.array([np.nan, np.inf, -np.inf, 5e-324, -0.0, 1e-187, np.pi])


def round_trip(engine: Engine, array: NDArray[np.generic]) -> NDArray[np.generic]:
    with engine.connect() as connection:
        driver: psycopg.Connection[tuple[NDArray[np.generic]]] = (
            connection.connection.driver_connection  # type: ignore[assignment]
        )
        register_arrays(driver)
        with driver.cursor(binary=True) as cursor:
            row = cursor.execute("SELECT %s", (array,)).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    "array",
    [
        SPECIAL_FLOAT32,
        SPECIAL_FLOAT64,
        np.array([-(2**31), 0, 2**31 - 1], dtype=np.int32),
        np.array([-(2**63), 0, 2**63 - 1], dtype=np.int64),
        np.arange(12, dtype=np.float32).reshape(3, 4),
        np.asfortranarray(np.arange(12, dtype=np.float64).reshape(3, 4)),
        np.arange(20, dtype=np.int32)[::3],
        np.empty(0, dtype=np.float32),
    ],
)
def test_an_array_comes_back_bit_for_bit(engine: Engine, array: NDArray[np.generic]) -> None:
    found = round_trip(engine, array)

    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()


def test_postgresql_reads_the_same_numbers(engine: Engine) -> None:
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        array = np.array([[1.5, 2.5, 3.5], [4.5, 5.5, 6.5]], dtype=np.float32)
        row = driver.execute("SELECT a[2][1], array_dims(a) FROM (SELECT %s AS a) t", (array,))  # type: ignore[union-attr]

        assert row.fetchone() == (4.5, "[1:2][1:3]")


@pytest.mark.parametrize(
    "items", [(), (b"",), (b"\x00\xff", b"", b'{",\\}', bytes(range(256)) * 99)]
)
def test_byte_strings_arrive_as_they_are(engine: Engine, items: tuple[bytes, ...]) -> None:
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        row = driver.execute("SELECT CAST(%s AS bytea[])", (ByteStrings(items),))  # type: ignore[union-attr]

        assert tuple(row.fetchone()[0]) == items


def test_an_array_of_objects_is_refused(engine: Engine) -> None:
    with pytest.raises((KeyError, ProgrammingError)):
        round_trip(engine, np.array([1, 2], dtype=np.uint8))


def test_a_null_inside_an_array_is_an_error(engine: Engine) -> None:
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        with driver.cursor(binary=True) as cursor:  # type: ignore[union-attr]
            cursor.execute("SELECT ARRAY[1.0::real, NULL]")
            with pytest.raises(ValueError, match="NULL"):
                cursor.fetchone()
