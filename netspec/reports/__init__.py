"""The display of a run: progress, curves, TensorBoard, pictures and tables of its results, times.

Input: rows of figures, predictions, scores, or a spec whose epochs are timed.
Output: text, CSV, JSON, PNG files and TensorBoard's events.
Public: progress.Progress, progress.choose_progress, result_plots.report, curves.draw_curves, tensorboard.Events,
results.WRITERS, results.scores_json, bench.time_spec.
"""
