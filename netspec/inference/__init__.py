"""The use of a run: its network, predictions and scores, on its own data or on files.

Input: a run's folder, and pictures, tables or standard input.
Output: Predictions, Scores, and a Fault for each file or row that cannot be used.
Public: loaded_run.load_run, loaded_run.LoadedRun, stored_run.load_model, stored_run.StoredRun, predict.make_predictor,
scoring.score_run, scoring.score_files, results.Prediction, results.Scores, results.Fault.
"""
