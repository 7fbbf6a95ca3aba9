"""torchvision's random transforms on whole batches, with other random numbers for each sample; mixup and CutMix.

Input: a transform of torchvision, a batch [B, C, H, W], the draws of a step.
Output: the changed batch [B, C, H, W].
Public: table.batched, table.per_sample, draws.Draws, draws.TrainingStep, mixing.choose_mixers, mixing.make_mix.
"""
