"""Evaluation divided between processes: each answers some of the inputs, and all know all answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jumok.predictor import Predictor
from jumok.training.distributed import Distributed
from jumok.values import Prediction


class DistributedPredictor:
    """A predictor that each process has: it answers each `number`-th input here, the others elsewhere."""

    def __init__(self, predictor: Predictor, processes: Distributed) -> None:
        self.predictor, self.processes = predictor, processes

    def predict(
        self,
        inputs: Sequence[Mapping[str, Any]],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> list[Prediction]:
        """One prediction for each input, in order, without alternatives."""
        rank, number = self.processes.rank, self.processes.world_size
        mine = inputs[rank::number]
        found = self.processes.all_gather(
            lambda: [self.pack(answer) for answer in self.predictor.predict(mine, progress=progress)]
        )
        return [self.unpack(found[i % number][i // number]) for i in range(len(inputs))]

    def pack(self, prediction: Prediction) -> dict[str, Any]:
        """A prediction as JSON, to be sent to other processes."""
        return {name: field.codec.pack(prediction[name]) for name, field in self.predictor.outputs.items()}

    def unpack(self, packed: Mapping[str, Any]) -> Prediction:
        """A prediction that another process sent."""
        return Prediction(
            {name: field.codec.unpack(packed[name]) for name, field in self.predictor.outputs.items()}
        )
