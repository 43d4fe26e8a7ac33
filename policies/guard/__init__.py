"""Decides what a run may do: `Guard` judges each action by the person's `GuardPolicy` and by risk words."""
