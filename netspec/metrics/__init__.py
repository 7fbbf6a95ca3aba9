"""Metrics of classification and regression, and which of them an evaluation computes of each output.

Input: outputs and targets of batches [B, ...], and the names of the metrics that the spec asks for.
Output: values by column name: numbers, and nested lists for a confusion matrix.
Public: measures.make_measures, measures.Measures, measures.Measure, measures.make_metrics, metric.Metric,
    metric.MetricRequest.
"""
