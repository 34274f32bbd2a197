"""What the processes of a leg share: its plan, record, fragments and cache. It knows nothing of the rooms above."""
