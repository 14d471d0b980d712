"""What a pod is: its containers, how they live and are probed, what they ask for and claim."""
