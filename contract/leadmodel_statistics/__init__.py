"""Statistics that trainer, predictor and operator share: ranking quality, calibration and population stability.

The package needs only the standard library and knows neither artifacts nor messages: sequences of numbers in, figures out.
"""
