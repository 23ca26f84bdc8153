"""The figures of the moods are computed as their names say."""

import numpy as np
import pytest

from bench.moods import calibration_error, confusion


def test_confusion_has_a_row_for_what_is_and_a_column_for_what_was_read() -> None:
    assert confusion([0, 0, 1, 2], [0, 1, 1, 0]) == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_calibration_error_is_the_gap_between_certainty_and_truth() -> None:
    sure = np.array([[0.1, 0.8, 0.1]] * 10, dtype=np.float32)
    assert calibration_error(sure, [1] * 8 + [0] * 2) == pytest.approx(0.0, abs=1e-6)
    assert calibration_error(sure, [1] * 5 + [0] * 5) == pytest.approx(0.3, abs=1e-6)
    certain = np.array([[0.0, 0.0, 1.0]], dtype=np.float32)
    assert calibration_error(certain, [0]) == pytest.approx(1.0)
