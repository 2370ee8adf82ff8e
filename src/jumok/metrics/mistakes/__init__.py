"""Where annotations and predictions disagree: how likely it is the annotation that is wrong, and what is wrong with it.

Each module is about one kind of answer, in the form that metrics take it. A score is in [0, 1] and comparable within a
data set; 0 is no disagreement.
"""
