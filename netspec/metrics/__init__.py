"""Metrics of classification and regression, and which of them an evaluation computes of each output.

Enters: outputs and targets of batches [B, ...], and the names of the metrics that the spec asks for.
Leaves: values by column name: numbers, and nested lists for a confusion matrix.
Public: metric.make_measures, metric.Measures, metric.Measure, metric.make_metrics, request.Metric,
    request.MetricRequest.
"""
